"""Our worker against a Faust agent: decode, validate and encode both contracts, no model; `python -m benchmarks.pass_through`."""

import argparse
import asyncio
import pstats
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.articles import small_articles
from benchmarks.broker import BenchBroker, KeyedValue, started_broker
from benchmarks.machine import print_machine
from benchmarks.pass_through.costs import costs
from benchmarks.pass_through.rounds import OURS, OURS_EXACTLY_ONCE, Round, Side, alternating_rounds, print_medians, run_round
from schemas.topics import NEWS_RAW

TARGET = 5.0

FAUST = Side("faust", "benchmarks.pass_through.faust_agent", ("each",))
FAUST_BATCHED = Side("faust, batched", "benchmarks.pass_through.faust_agent", ("batched",))
FAUST_UNCONFIRMED = Side("faust, unconfirmed", "benchmarks.pass_through.faust_agent", ("unconfirmed",))
SIDES = (OURS, OURS_EXACTLY_ONCE, FAUST, FAUST_BATCHED, FAUST_UNCONFIRMED)

_COSTED_RECORDS = 2_000
_PROFILED_LINES = 25


def parser() -> argparse.ArgumentParser:
    """The command's arguments; `--short` is for trying it out, its ratio says little."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pass_through", description=__doc__)
    parser.add_argument("--records", type=int, default=40_000, help="records that each side moves in a round (%(default)s)")
    parser.add_argument("--bytes", type=int, default=2_000, help="size of a raw record's value (%(default)s)")
    parser.add_argument("--batch", type=int, default=500, help="records in a batch (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds of each side, alternating (%(default)s)")
    parser.add_argument("--profile", action="store_true", help="one more round of ours under a profiler, which slows it")
    parser.add_argument("--only", choices=[side.name for side in SIDES], help="measure one side alone")
    parser.add_argument("--short", action="store_true", help="6,000 records, one round")
    return parser


async def measure(given: argparse.Namespace) -> bool:
    """Runs everything and prints it; whether the counts are exact and the ratio reaches the target."""
    values = list(small_articles(given.records, given.bytes))
    _print_costs(values[:_COSTED_RECORDS])
    sides = [side for side in SIDES if given.only in (None, side.name)]
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, values)
        rounds = await alternating_rounds(broker, sides, given.rounds, given.batch, given.records)
        if given.profile:
            await _profile(broker, given)
    return _report(rounds, given.records)


def _report(rounds: dict[str, list[Round]], count: int) -> bool:
    medians = print_medians(rounds)
    ours = [done for name, of_side in rounds.items() if name.startswith(OURS.name) for done in of_side]
    exact = all(done.written == done.distinct == count for done in ours)
    print(f"counts     ours {'exact in every round' if exact else 'WRONG'}")
    if len(medians) < len(SIDES):
        return exact
    for other in (FAUST, FAUST_BATCHED, FAUST_UNCONFIRMED):
        print(f"ratio      ours / {other.name}: {medians[OURS.name].rate / medians[other.name].rate:.2f}")
    print(f"           ours / faust is to be at least {TARGET:.0f}")
    return exact and medians[OURS.name].rate / medians[FAUST.name].rate >= TARGET


def _print_costs(values: Sequence[KeyedValue]) -> None:
    cost = costs(values)
    parts = f"decode {cost.decode:.1f}, assemble {cost.assemble:.1f}, encode {cost.encode:.1f}"
    print(f"work       {cost.whole:.1f} µs a record on one thread: {parts}")
    for name, spent in (("orjson", cost.orjson), ("pydantic", cost.pydantic)):
        print(f"           {name} {spent:.1f} µs, {spent / cost.whole:.0%}")


async def _profile(broker: BenchBroker, given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        side = Side("ours, profiled", OURS.module, ("--profile", folder))
        done = await run_round(broker, side, "ours-profiled", given.batch, given.records)
        print(f"profile    {done.rate:,.0f} records/s under the profiler; own time by function")
        for file in sorted(Path(folder).iterdir()):
            print(f"\n{file.name}")
            pstats.Stats(str(file), stream=sys.stdout).sort_stats("tottime").print_stats(_PROFILED_LINES)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the counts are exact and the ratio reaches the target."""
    given = parser().parse_args(arguments)
    if given.short:
        given.records, given.rounds = 6_000, 1
    print_machine()
    sizes = f"{given.records} records of {given.bytes} bytes, {NEWS_RAW.partitions} partitions, batches of {given.batch}"
    print(f"parameters {sizes}, {given.rounds} rounds")
    return 0 if asyncio.run(measure(given)) else 1


if __name__ == "__main__":
    sys.exit(main())
