"""How long the enricher's callbacks hold the event loop, and how late it wakes up: `python -m benchmarks.event_loop`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.articles import repeated_seeds, seeds
from benchmarks.broker import started_broker
from benchmarks.enricher_process import observed_enricher
from benchmarks.machine import print_machine
from schemas.topics import NEWS_RAW

LIMIT_MS = 50.0
"""Of processor time for any callback, and of lag at p99.9: heartbeats run on the same loop."""

_DEADLINE_S = 1_800.0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_loop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often all seeds go through (%(default)s)")
    parser.add_argument("--short", action="store_true", help="one round")
    return parser


async def measure(rounds: int) -> dict[str, Any]:
    """What the enricher saw of itself while the seeds went through."""
    count = len(seeds()) * rounds
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, repeated_seeds(count))
        async with observed_enricher(broker, "event-loop") as enricher:
            await broker.until_handled(enricher.group, count, _DEADLINE_S, enricher.goes_on)
    return enricher.seen


def report(seen: dict[str, Any]) -> bool:
    """Prints it; whether both limits hold."""
    callbacks, lag = seen["callbacks"], seen["lag_ms"]
    slowest = callbacks["slowest"][0][0]
    print(f"callbacks  {callbacks['count']:,}, {callbacks['total_s']} s in all, {callbacks['over_10_ms']} over 10 ms")
    print(f"slowest    {slowest} ms of processor time (limit {LIMIT_MS:.0f})")
    for spent_ms, name in callbacks["slowest"]:
        print(f"           {spent_ms:8.2f} ms  {name}")
    print(f"lag        {', '.join(f'{name} {value} ms' for name, value in lag.items())} of {seen['lag_samples']} samples")
    pauses = ", ".join(f"{each['count']} of at most {each['max_ms']} ms" for each in seen["garbage"])
    print(f"garbage    collections by generation: {pauses}")
    print(f"           p99.9 is to be at most {LIMIT_MS:.0f} ms")
    return bool(slowest <= LIMIT_MS and lag["p99.9"] <= LIMIT_MS)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both limits hold."""
    given = parser().parse_args(arguments)
    rounds = 1 if given.short else given.rounds
    print_machine()
    print(f"parameters {rounds} rounds of {len(seeds())} seeds, the built-in models")
    return 0 if report(asyncio.run(measure(rounds))) else 1


if __name__ == "__main__":
    sys.exit(main())
