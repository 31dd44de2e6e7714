"""The proof, as long as you like: `python -m tests.fault.inject --faults 1000 --articles 50000 --seed 1`.

Runs with different seeds add up. With --no-transactions or --no-fencing the books can be seen not to balance. The exit code is
0 when nothing was lost, duplicated, reordered or different, no record was dead-lettered that nothing is wrong with, no
rebalance was our own work's, and no reader waited longer than it may.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from tests.fault.injector import PLACES, Report, Wanted, run
from tests.fault.kinds import KINDS


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)


def summary(report: Report) -> list[str]:
    """The table and the verdict, line by line."""
    kinds = [kind for kind in KINDS if any(kind == found for found, _ in report.table)]
    width = max(map(len, PLACES))
    lines = ["", " " * 16 + " ".join(place.rjust(width) for place in PLACES)]
    lines += [kind.ljust(16) + " ".join(str(report.table[(kind, place)]).rjust(width) for place in PLACES) for kind in kinds]
    lines += ["", f"seed {report.wanted.seed}: {report.table.total()} faults, {report.books}, in {report.seconds:.0f} s"]
    lines.append(f"keys with 20 revisions or more: {report.often}; workers ended by a text: {report.crashes}")
    for name, waits in (("by a worker's fault", report.waits.by_kind), ("with a broker away", report.waits.excused)):
        longest = ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in sorted(waits.items(), key=lambda item: -item[1]))
        lines.append(f"readers waited longest {name}: {longest or 'under 1 s'}")
    lines.append(f"bound: transaction timeout + clean-up + 1 s = {report.bound_s:g} s")
    lines += [f"rebalance of our own making: {each}" for each in report.rebalances]
    if report.books is not None and report.books.faults:
        lines.append(report.books.faults)
    if report.skipped_markers:
        lines.append(f"brokers skipped markers of {len(report.skipped_markers)} transactions (KAFKA-20734), e.g.:")
        lines += report.skipped_markers[:3]
    if report.trouble:
        lines.append(report.trouble)
    lines.append("all held" if report.is_good else f"NOT all held; again: {again(report.wanted)}")
    return lines


def again(wanted: Wanted) -> str:
    """The command that runs the same faults."""
    options = f"--faults {wanted.faults} --articles {wanted.articles} --seed {wanted.seed} --brokers {wanted.brokers}"
    chosen = f"--kinds {','.join(wanted.kinds)!r} --places {','.join(wanted.places)}"
    without = {"at_least_once": "--no-transactions", "--no-fencing": "--no-fencing"}
    more = [without[each] for each in wanted.worker_options if each in without] + ["--model"] * wanted.is_model
    return " ".join(["python -m tests.fault.inject", options, chosen, *more])


def main() -> int:
    """Reads the arguments, runs, prints; 0 when everything held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--articles", type=int, help="50 for each fault when not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated; all: %(default)s")
    parser.add_argument("--places", default=",".join(PLACES), help="comma-separated; all: %(default)s")
    parser.add_argument("--model", action="store_true", help="the built-in models in place of light stages")
    parser.add_argument("--first", type=int, default=1, help="number of the first fault to inject")
    parser.add_argument("--logs", type=Path, help="folder that keeps the workers' logs")
    parser.add_argument("--no-transactions", dest="without", action="append_const", const=("--guarantee", "at_least_once"))
    parser.add_argument("--no-fencing", dest="without", action="append_const", const=("--no-fencing",))
    given = parser.parse_args()
    if unknown := set(given.kinds.split(",")) - set(KINDS):
        parser.error(f"unknown kinds: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    if unknown := set(given.places.split(",")) - set(PLACES):
        parser.error(f"unknown places: {', '.join(sorted(unknown))}; there are {', '.join(PLACES)}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # our own clients complain of each broker that we kill
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    wanted = Wanted(
        seed=given.seed,
        faults=given.faults,
        articles=given.articles or 50 * given.faults,
        brokers=given.brokers,
        kinds=given.kinds.split(","),
        places=given.places.split(","),
        is_model=given.model,
        first=given.first,
        worker_options=[option for options in given.without or () for option in options],
    )
    report = asyncio.run(run(wanted, say, given.logs))
    for line in summary(report):
        say(line)
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
