"""Structured logs: JSON lines, or colours on a terminal; one event name, then fields, never article text."""

import logging
import os
import sys

import structlog

from services.runtime.settings import LogSettings

# Libraries that say at INFO what we count, and aiokafka's connection chatter at WARNING while a broker is away. httpx would
# log every address with its query.
_QUIET = {
    "aiokafka": logging.ERROR,
    "asyncio": logging.WARNING,
    "htmldate": logging.CRITICAL,
    "httpx": logging.WARNING,
    "trafilatura": logging.CRITICAL,
}

Log = structlog.stdlib.BoundLogger


def set_up_logs(settings: LogSettings, service: str) -> None:
    """Sends our events and the libraries' log records to standard error in one format."""
    on_terminal = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)
        if on_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def get_log(name: str) -> Log:
    """The logger of a module."""
    log: Log = structlog.stdlib.get_logger(name)
    return log
