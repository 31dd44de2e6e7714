"""What 4, 32 and 128 partitions on one worker cost: sockets, memory, start, idling; `python -m benchmarks.partitions` (Linux)."""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.articles import small_articles
from benchmarks.broker import BenchBroker, KeyedValue, started_broker
from benchmarks.machine import print_machine
from benchmarks.process import processor_s, resident_bytes, sockets
from benchmarks.worker_process import WorkerProcess, observed_worker
from schemas.topics import NEWS_RAW
from services.runtime.partitioning import partition_of

LIMIT_S = 10.0
"""From the assignment to the first commit on every partition."""

_COUNTS = (4, 32, 128)
_EACH = 5
_BYTES = 2_000
_DEADLINE_S = 300.0
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Measured:
    """What a worker with so many partitions needed; seconds since its assignment."""

    partitions: int
    what: str
    ready_s: float
    committed_s: float
    sockets: int
    resident: int
    idle: float
    """Share of one core while nothing came in."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partitions", description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=_COUNTS, help="partitions of news.raw (%(default)s)")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds that idling is watched (%(default)s)")
    parser.add_argument("--short", action="store_true", help="4 and 32 partitions, 3 seconds")
    return parser


def articles(partitions: int) -> list[KeyedValue]:
    """The same few articles for every partition."""
    room = dict.fromkeys(range(partitions), _EACH)
    chosen: list[KeyedValue] = []
    for key, value in small_articles(partitions * _EACH * 10, _BYTES):
        partition = partition_of(key or b"", partitions)
        if room[partition]:
            room[partition] -= 1
            chosen.append((key, value))
        if len(chosen) == partitions * _EACH:
            break
    assert not any(room.values()), "ten times as many articles reach every partition"
    return chosen


async def measure(partitions: int, idle_s: float) -> list[Measured]:
    """A worker of a new group, and one that takes over from it."""
    values, found = articles(partitions), []
    async with started_broker(partitions) as broker:
        for number, what in ((1, "new group"), (2, "takes over")):
            await broker.publish(NEWS_RAW.name, values)
            async with observed_worker(broker, "partitions") as worker:
                found.append(await _measured(broker, worker, partitions, what, len(values) * number, idle_s))
                await worker.stop()
    return found


async def _measured(
    broker: BenchBroker, worker: WorkerProcess, partitions: int, what: str, count: int, idle_s: float
) -> Measured:
    ready = await worker.hears("ready", _DEADLINE_S)
    committed = await worker.hears("committed", _DEADLINE_S)
    await broker.until_handled(worker.group, count, _DEADLINE_S, worker.goes_on)
    before = processor_s(worker.pid)
    await asyncio.sleep(idle_s)
    idle = (processor_s(worker.pid) - before) / idle_s
    times = ready["since_assigned_s"], committed["since_assigned_s"]
    return Measured(partitions, what, *times, sockets(worker.pid), resident_bytes(worker.pid), idle)


def report(measured: Sequence[Measured]) -> bool:
    """Prints the table; whether each start is within the limit."""
    print("partitions               all ready  first commit everywhere  sockets  resident  idle")
    for each in measured:
        name = f"{each.partitions:<4} {each.what}"
        times = f"{each.ready_s:7.2f} s  {each.committed_s:21.2f} s"
        print(f"           {name:15}{times}  {each.sockets:7}  {each.resident / _MIB:4.0f} MiB  {each.idle:4.1%}")
    slowest = max(each.committed_s for each in measured)
    print(f"slowest    {slowest:.2f} s from the assignment to the first commit on every partition (limit {LIMIT_S:.0f})")
    return slowest <= LIMIT_S


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every start is within the limit."""
    given = parser().parse_args(arguments)
    if given.short:
        given.counts, given.idle = _COUNTS[:2], 3.0
    print_machine()
    print(f"parameters {_EACH} records of {_BYTES} bytes on each partition, the product's settings, idling {given.idle:.0f} s")
    measured = [asyncio.run(measure(count, given.idle)) for count in given.counts]
    return 0 if report(list(itertools.chain.from_iterable(measured))) else 1


if __name__ == "__main__":
    sys.exit(main())
