"""Whether the enricher's resident memory stays where it was: `python -m benchmarks.memory` (Linux)."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from benchmarks.articles import repeated_seeds
from benchmarks.broker import BenchBroker, RanTooLong, started_broker
from benchmarks.enricher_process import EnricherProcess, plain_enricher
from benchmarks.machine import print_machine
from benchmarks.process import resident_bytes
from schemas.topics import NEWS_RAW

LIMIT = 1.05

_INFERENCE = ("encode", "entities", "sentiment", "topics", "embedding")
_LOOK_EVERY_S = 0.2
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """Memory at a moment."""

    handled: int
    resident: int


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--first", type=int, default=1_000, help="articles before the first look (%(default)s)")
    parser.add_argument("--last", type=int, default=10_000, help="articles before the last look (%(default)s)")
    parser.add_argument("--light", action="store_true", help="only the text, language and fingerprint stages")
    parser.add_argument("--deadline", type=float, default=3_600.0, help="seconds that it may take (%(default)s)")
    parser.add_argument("--short", action="store_true", help="100 and 300 articles: no measurement of anything")
    return parser


async def measure(given: argparse.Namespace) -> list[Sample]:
    """Memory from the first article until the last."""
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, repeated_seeds(given.last))
        async with plain_enricher(broker, "memory", _INFERENCE if given.light else ()) as enricher:
            return [sample async for sample in _samples(broker, enricher, given)]


async def _samples(broker: BenchBroker, enricher: EnricherProcess, given: argparse.Namespace) -> AsyncIterator[Sample]:
    deadline = time.monotonic() + given.deadline
    handled = 0
    while handled < given.last:
        if time.monotonic() > deadline or not enricher.goes_on():
            raise RanTooLong(f"{handled} of {given.last} articles were handled")
        await asyncio.sleep(_LOOK_EVERY_S)
        handled = await broker.handled(enricher.group)
        yield Sample(handled, resident_bytes(enricher.pid))


def report(samples: Sequence[Sample], first: int, last: int) -> bool:
    """Prints the curve and the ratio; whether it holds."""
    for mark in range(first, last + 1, first):
        print(f"resident   {_at(samples, mark, first) / _MIB:8.1f} MiB at {mark} articles")
    ratio = _at(samples, last, first) / _at(samples, first, first)
    print(f"ratio      {ratio:.3f} (limit {LIMIT})")
    return ratio <= LIMIT


def _at(samples: Sequence[Sample], mark: int, step: int) -> float:
    """The mean over the last tenth of a step before the mark, so that no single batch decides."""
    near = [sample.resident for sample in samples if mark - step / 10 <= sample.handled <= mark]
    near = near or [next(sample.resident for sample in samples if sample.handled >= mark)]
    return sum(near) / len(near)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the limit holds."""
    given = parser().parse_args(arguments)
    if given.short:
        given.first, given.last = 100, 300
    print_machine()
    print(f"parameters seeds under new URLs, {'light stages' if given.light else 'the built-in models'}")
    return 0 if report(asyncio.run(measure(given)), given.first, given.last) else 1


if __name__ == "__main__":
    sys.exit(main())
