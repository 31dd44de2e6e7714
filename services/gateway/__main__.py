"""Reads the settings, sets up logging, runs the gateway: `python -m services.gateway`."""

import asyncio
import logging
import sys

import uvloop

from services.gateway import app
from services.gateway.guard import require_keys_or_loopback
from services.gateway.settings import GatewaySettings
from services.runtime.errors import IngestError
from services.runtime.logs import get_log, set_up_logs
from services.runtime.settings import KafkaSettings, LogSettings, read_settings

_WRONG_SETTINGS = 2


def main() -> int:
    """The process's exit code: 0 stopped as asked, 1 can't work now, 2 wrong settings."""
    try:
        logs, kafka, settings = read_settings(LogSettings), read_settings(KafkaSettings), read_settings(GatewaySettings)
        require_keys_or_loopback(settings.host, settings.keys_file is not None)
    except IngestError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return _WRONG_SETTINGS
    set_up_logs(logs, "gateway")
    # It says thirty times a second at ERROR that a broker is away; the door says it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if kafka.bootstrap_servers is None:
        print("gateway: KAFKA_BOOTSTRAP_SERVERS is not set (newsloom up starts a local broker)", file=sys.stderr)
        return _WRONG_SETTINGS
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(app.run(kafka.bootstrap_servers, kafka, settings))
    except IngestError as error:
        get_log(__name__).error("can_not_work", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
