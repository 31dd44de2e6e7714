"""The collector as a process of its own that can be killed: python -m tests.support.collector_process SETTINGS_JSON PORT."""

import asyncio
import sys
from collections.abc import Sequence

from services.collector import app
from services.collector.settings import CollectorSettings
from services.runtime.logs import set_up_logs
from services.runtime.settings import LogSettings
from tests.support.recorded_web import RecordedWeb


def main(arguments: Sequence[str]) -> None:
    """Collects from the recorded web that its parent serves, until nothing is due soon."""
    settings, port = CollectorSettings.model_validate_json(arguments[0]), int(arguments[1])
    set_up_logs(LogSettings(level="ERROR", format="json"), "collector")
    web = RecordedWeb(port=port)  # only for its names; it isn't started here
    asyncio.run(app.run(settings, horizon_s=3.0, resolve=web.resolve))


if __name__ == "__main__":
    main(sys.argv[1:])
