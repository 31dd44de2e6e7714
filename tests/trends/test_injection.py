"""The short form of the proof: four kills and a second worker for a while (the long one: `python -m tests.trends.inject`)."""

from pathlib import Path

import pytest

from tests.trends.injector import Wanted, run

pytestmark = pytest.mark.kafka


async def test_counts_are_exact_whoever_is_killed(tmp_path: Path) -> None:
    wanted = Wanted(seed=1, records=3_000, kills=4, afterwards=200, rate=90.0)
    report = await run(wanted, tmp_path, print)
    print("\n".join(report.lines))
    assert (report.kills >= wanted.kills, report.rebalances, report.aborted) == (True, 2, 60)
    assert report.is_good, report.lines
    assert report.finds
