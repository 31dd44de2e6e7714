"""Reads the settings, sets up logging, runs the collector: `python -m services.collector`, with `--once` to its end."""

import asyncio
import sys
from collections.abc import Sequence

from services.collector import app
from services.collector.settings import CollectorSettings
from services.runtime.errors import ConfigurationError, IngestError
from services.runtime.logs import get_log, set_up_logs
from services.runtime.settings import LogSettings, read_settings

_WRONG_SETTINGS = 2
# --once waits for what politeness or a first failure puts off by less than this, not for the next poll of a feed.
_ONCE_HORIZON_S = 90.0


def main(arguments: Sequence[str] = ()) -> int:
    """The process's exit code: 0 stopped as asked or, with --once, done; 1 can't work now; 2 wrong settings or sources."""
    if set(arguments) - {"--once"}:
        print("usage: python -m services.collector [--once]", file=sys.stderr)
        return _WRONG_SETTINGS
    try:
        logs, settings = read_settings(LogSettings), read_settings(CollectorSettings)
    except IngestError as error:
        print(f"collector: {error}", file=sys.stderr)
        return _WRONG_SETTINGS
    set_up_logs(logs, "collector")
    try:
        asyncio.run(app.run(settings, horizon_s=_ONCE_HORIZON_S if "--once" in arguments else None))
    except IngestError as error:
        get_log(__name__).error("can_not_work", reason=str(error))
        return _WRONG_SETTINGS if isinstance(error, ConfigurationError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
