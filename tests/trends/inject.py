"""The proof of the trends, as long as you like: `python -m tests.trends.inject --kills 20 --records 50000 --seed 1`.

A made corpus with known truth goes through the service on a real Apache Kafka while the worker is killed with -9; every count
must be exact afterwards, and copies and bursts must be found. The exit code is 0 when all of it held.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path

from tests.trends.injector import Report, Wanted, run


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)


def main() -> int:
    """Reads the arguments, runs, prints; 0 when everything held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000, help="records of news.enriched, aborted ones not counted")
    parser.add_argument("--kills", type=int, default=20, help="how often the worker is killed, at least")
    parser.add_argument("--afterwards", type=int, default=1_000, help="records eight days later, when all before is forgotten")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-rebalance", action="store_true", help="one worker throughout")
    parser.add_argument("--rate", type=float, help="records a second that are published at most; no limit when not given")
    parser.add_argument("--logs", type=Path, help="folder that keeps the workers' logs and tables")
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    wanted = Wanted(
        given.seed, given.records, given.kills, given.afterwards, has_rebalance=not given.no_rebalance, rate=given.rate
    )
    report = asyncio.run(_run(wanted, given.logs))
    for line in report.lines:
        say(line)
    return 0 if report.is_good and report.finds else 1


async def _run(wanted: Wanted, logs: Path | None) -> Report:
    if logs is not None:
        return await run(wanted, logs, say)
    with tempfile.TemporaryDirectory(prefix="newsloom-trends-") as folder:
        return await run(wanted, Path(folder), say)


if __name__ == "__main__":
    sys.exit(main())
