"""Whether a stage of a minute costs the worker its place in the group; `python -m benchmarks.slow_stages`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.articles import small_articles
from benchmarks.broker import started_broker
from benchmarks.machine import print_machine
from benchmarks.worker_process import observed_worker
from schemas.topics import NEWS_RAW
from services.runtime.settings import StreamSettings

_RECORDS = 200  # at least two batches on each partition
_BYTES = 2_000
_SHORT_S = 8.0
_SHORT_SETTINGS: dict[str, Any] = {"session_timeout_s": 6, "heartbeat_interval_s": 1}  # a broker's least session is 6 s


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_stages", description=__doc__)
    parser.add_argument("--stage", type=float, default=60.0, help="seconds that each batch takes (%(default)s)")
    parser.add_argument("--threads", type=int, default=4, help="batches worked on at the same time (%(default)s)")
    parser.add_argument("--short", action="store_true", help="a stage of 8 seconds, a session of 6")
    return parser


async def measure(given: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """What the worker saw of its group while all records went through the stage."""
    deadline_s = given.stage * _RECORDS
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, small_articles(_RECORDS, _BYTES))
        options = ("--work-s", str(given.stage), "--threads", str(given.threads))
        async with observed_worker(broker, "slow-stages", *options, settings=settings) as worker:
            await broker.until_handled(worker.group, _RECORDS, deadline_s, worker.goes_on)
            return await worker.stop()


def report(seen: dict[str, Any], settings: StreamSettings) -> bool:
    """Prints it; whether there was one generation, and a heartbeat always came in time."""
    generations = [number for number in seen["generations"] if number > 0]
    print(f"group      generations {generations} (one is meant), {seen['heartbeats']} heartbeats answered")
    limit_s = settings.session_timeout_s / 2
    print(f"heartbeats at most {seen['longest_gap_s']:.2f} s apart (limit {limit_s:.0f}, half the session)")
    return len(generations) == 1 and seen["longest_gap_s"] < limit_s


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was rebalanced and each heartbeat came in time."""
    given = parser().parse_args(arguments)
    given.stage = _SHORT_S if given.short else given.stage
    changed = _SHORT_SETTINGS if given.short else {}
    settings = StreamSettings(**changed)
    print_machine()
    times = f"session {settings.session_timeout_s:.0f} s, heartbeat every {settings.heartbeat_interval_s:.0f} s"
    print(
        f"parameters {_RECORDS} records, a stage of {given.stage:.0f} s for each batch, {given.threads} at the same time, {times}"
    )
    return 0 if report(asyncio.run(measure(given, changed)), settings) else 1


if __name__ == "__main__":
    sys.exit(main())
