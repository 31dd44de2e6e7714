"""Runs one side in a process of its own and takes its rate from the broker's clock."""

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import ConsumerRecord

from benchmarks.broker import BenchBroker
from benchmarks.process import processor_s
from schemas.topics import NEWS_ENRICHED
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION

_DEADLINE_S = 600.0
_STOP_S = 30.0


@dataclass(frozen=True)
class Side:
    """Who moves the records: a name for the report and the module with its arguments."""

    name: str
    module: str
    extra: tuple[str, ...] = ()


OURS = Side("ours", "benchmarks.pass_through.worker")
OURS_EXACTLY_ONCE = Side("ours, exactly once", "benchmarks.pass_through.worker", ("--exactly-once",))


@dataclass(frozen=True)
class Round:
    """What one side did in one round."""

    rate: float
    """Records a second, from the first append to news.enriched until the last."""
    written: int
    distinct: int
    """Input records that have an output."""
    processor_us: float
    """Processor time of the side's process, in microseconds a record, without its start; 0 where the system doesn't tell."""


async def alternating_rounds(
    broker: BenchBroker, sides: Sequence[Side], rounds: int, batch: int, count: int
) -> dict[str, list[Round]]:
    """Each side by turns, printed as they end; a first round warms up the broker's Java and doesn't count."""
    done: dict[str, list[Round]] = {side.name: [] for side in sides}
    for number in range(rounds + 1):
        for side in sides:
            each = await run_round(broker, side, f"{side.name.replace(', ', '-')}-{number}", batch, count)
            print(f"round {number:<4} {_line(side.name, each)}, {each.written} written, {each.distinct} distinct", flush=True)
            done[side.name] += [each] if number > 0 else []
    return done


def print_medians(rounds: Mapping[str, Sequence[Round]]) -> dict[str, Round]:
    """Each side's round with the median rate."""
    medians = {name: sorted(of_side, key=lambda done: done.rate)[len(of_side) // 2] for name, of_side in rounds.items()}
    for name, done in medians.items():
        print(f"median     {_line(name, done)}")
    return medians


def _line(name: str, done: Round) -> str:
    return f"{name:20} {done.rate:7,.0f} records/s, {done.processor_us:4.0f} µs of processor a record"


async def run_round(broker: BenchBroker, side: Side, group: str, batch: int, count: int) -> Round:
    """Lets a side move all of news.raw once, from the beginning, as a new group.

    Raises:
        RanTooLong: it ended or didn't finish.
    """
    before = await broker.ends(NEWS_ENRICHED.name)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", side.module, broker.bootstrap_servers, group, str(batch), *side.extra),
        stdout=asyncio.subprocess.DEVNULL,  # Faust's banner
    )
    try:
        await broker.until_handled(group, 1, _DEADLINE_S, lambda: process.returncode is None)
        begun, begun_s = await broker.handled(group), processor_s(process.pid)
        await broker.until_handled(group, count, _DEADLINE_S, lambda: process.returncode is None)
        processor_us = (processor_s(process.pid) - begun_s) / (count - begun) * 1e6 if count > begun else 0.0
    finally:
        await _stop(process)
    after = await broker.ends(NEWS_ENRICHED.name)
    return _measured(await broker.read(before, after), processor_us)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _measured(records: Sequence[ConsumerRecord[bytes, bytes]], processor_us: float) -> Round:
    """The rate without what came in the first append, which has no beginning."""
    first = min(record.timestamp for record in records)
    last = max(record.timestamp for record in records)
    later = sum(record.timestamp > first for record in records)
    return Round(later / (last - first) * 1000, len(records), len({_origin(record) for record in records}), processor_us)


def _origin(record: ConsumerRecord[bytes, bytes]) -> tuple[bytes, bytes]:
    headers = dict(record.headers)
    return headers[ORIGIN_PARTITION], headers[ORIGIN_OFFSET]
