"""What transactions cost: our pass-through worker with and without, by turns in one run; `python -m benchmarks.transactions`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from benchmarks.articles import small_articles
from benchmarks.broker import started_broker
from benchmarks.machine import print_machine
from benchmarks.pass_through.rounds import OURS, OURS_EXACTLY_ONCE, Round, alternating_rounds, print_medians
from schemas.topics import NEWS_RAW

LIMIT = 0.25
"""How much slower transactions may be."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transactions", description=__doc__)
    parser.add_argument("--records", type=int, default=40_000, help="records that each side moves in a round (%(default)s)")
    parser.add_argument("--bytes", type=int, default=2_000, help="size of a raw record's value (%(default)s)")
    parser.add_argument("--batch", type=int, default=500, help="records in a batch (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds of each side, alternating (%(default)s)")
    parser.add_argument("--short", action="store_true", help="6,000 records, one round")
    return parser


async def measure(given: argparse.Namespace) -> dict[str, list[Round]]:
    """The rounds with and without transactions."""
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, small_articles(given.records, given.bytes))
        return await alternating_rounds(broker, (OURS, OURS_EXACTLY_ONCE), given.rounds, given.batch, given.records)


def report(rounds: dict[str, list[Round]], count: int) -> bool:
    """Prints it; whether the counts are exact and the cost is within the limit."""
    medians = print_medians(rounds)
    exact = all(done.written == done.distinct == count for of_side in rounds.values() for done in of_side)
    ratio = medians[OURS_EXACTLY_ONCE.name].rate / medians[OURS.name].rate
    print(f"counts     {'exact in every round' if exact else 'WRONG'}")
    print(f"ratio      with / without transactions: {ratio:.2f}, {1 - ratio:.0%} slower (limit {LIMIT:.0%})")
    return exact and ratio >= 1 - LIMIT


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the counts are exact and the cost is within the limit."""
    given = parser().parse_args(arguments)
    if given.short:
        given.records, given.rounds = 6_000, 1
    print_machine()
    sizes = f"{given.records} records of {given.bytes} bytes, {NEWS_RAW.partitions} partitions, batches of {given.batch}"
    print(f"parameters {sizes}, {given.rounds} rounds")
    return 0 if report(asyncio.run(measure(given)), given.records) else 1


if __name__ == "__main__":
    sys.exit(main())
