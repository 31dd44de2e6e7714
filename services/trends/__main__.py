"""Reads the settings, sets up logging, runs the trends service: `python -m services.trends`."""

import asyncio
import sys

from services.runtime.errors import IngestError
from services.runtime.logs import get_log, set_up_logs
from services.runtime.settings import KafkaSettings, LogSettings, read_settings
from services.trends.settings import TrendsSettings

_WRONG_SETTINGS = 2


def main() -> int:
    """The process's exit code: 0 stopped as asked, 1 can't work now, 2 wrong settings."""
    try:
        logs, kafka, settings = read_settings(LogSettings), read_settings(KafkaSettings), read_settings(TrendsSettings)
    except IngestError as error:
        print(f"trends: {error}", file=sys.stderr)
        return _WRONG_SETTINGS
    set_up_logs(logs, "trends")
    if kafka.bootstrap_servers is None:
        print("trends: KAFKA_BOOTSTRAP_SERVERS is not set (newsloom up starts a local broker)", file=sys.stderr)
        return _WRONG_SETTINGS
    from services.trends import app  # Faust takes its time to import, and reads the environment

    try:
        asyncio.run(app.run(kafka.bootstrap_servers, kafka, settings))
    except IngestError as error:
        get_log(__name__).error("can_not_work", reason=str(error))
        return 1
    except Exception:
        get_log(__name__).exception("gave_up")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
