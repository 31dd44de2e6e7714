"""Reads the settings, sets up logging, runs the enricher: `python -m services.enricher`."""

import asyncio
import sys

from services.enricher import app
from services.enricher.settings import EnricherSettings
from services.runtime.errors import IngestError
from services.runtime.logs import get_log, set_up_logs
from services.runtime.settings import KafkaSettings, LogSettings, read_settings

_WRONG_SETTINGS = 2


def main() -> int:
    """The process's exit code: 0 stopped as asked, 1 can't work now, 2 wrong settings."""
    try:
        logs, kafka, settings = read_settings(LogSettings), read_settings(KafkaSettings), read_settings(EnricherSettings)
    except IngestError as error:
        print(f"enricher: {error}", file=sys.stderr)
        return _WRONG_SETTINGS
    set_up_logs(logs, "enricher")
    if kafka.bootstrap_servers is None:
        print("enricher: KAFKA_BOOTSTRAP_SERVERS is not set (newsloom up starts a local broker)", file=sys.stderr)
        return _WRONG_SETTINGS
    try:
        asyncio.run(app.run(kafka.bootstrap_servers, kafka, settings))
    except IngestError as error:
        get_log(__name__).error("can_not_work", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
