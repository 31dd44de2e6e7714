"""How long readers see nothing new after a worker is killed with its transaction open; `python -m benchmarks.blocked_readers`."""

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.articles import small_articles
from benchmarks.broker import BenchBroker, Offsets, RanTooLong, started_broker
from benchmarks.machine import print_machine
from benchmarks.worker_process import observed_worker
from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.runtime.failpoints import Place
from services.runtime.settings import StreamSettings
from services.runtime.sink import new_producer

OPEN_AT: tuple[Place, ...] = ("after_begin", "after_send", "after_offsets")
"""Where a batch's transaction has begun and isn't committed; the broker knows of it from the first message on."""

_RECORDS = 400
_BYTES = 2_000
_DEADLINE_S = 300.0
_SLACK_S = 1.0
_MARK = b"behind the open transaction"
_CLEAN_UP_S = 10.0  # Kafka's own default
_SHORT_CLEAN_UP_S = 1.0
_SHORT: dict[str, Any] = {"session_timeout_s": 3, "heartbeat_interval_s": 0.5, "transaction_timeout_s": 6}


@dataclass(frozen=True)
class Blocked:
    """One kill, and for how long a reader saw nothing new on the partition where that took longest."""

    place: Place
    takes_over: bool
    seconds: float


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.blocked_readers", description=__doc__)
    parser.add_argument("--kills", type=int, default=2, help="kills at each place, with and without a successor (%(default)s)")
    parser.add_argument("--short", action="store_true", help="one kill each; session 3 s, transactions 6 s, clean-up each second")
    return parser


async def measure(kills: int, settings: dict[str, Any], clean_up_s: float) -> list[Blocked]:
    """Each place in turn, with and without another worker that takes over."""
    properties = {
        "group.min.session.timeout.ms": "1000",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": str(int(clean_up_s * 1000)),
    }
    found = []
    async with started_broker(properties=properties) as broker:
        for number in range(kills):
            for place in OPEN_AT:
                for takes_over in (True, False):
                    seconds = await _blocked(broker, f"{place}-{takes_over}-{number}", place, takes_over, settings)
                    found.append(Blocked(place, takes_over, seconds))
                    print(f"kill {number + 1:<5} {place:14} {_successor(takes_over)}: {seconds:6.2f} s", flush=True)
    return found


async def _blocked(broker: BenchBroker, group: str, place: Place, takes_over: bool, settings: dict[str, Any]) -> float:
    await broker.publish(NEWS_RAW.name, small_articles(_RECORDS, _BYTES))
    commits = str(NEWS_RAW.partitions)  # the first on each partition counts the worker's start and has no messages
    async with observed_worker(broker, group, "--kill-at", place, "--after-commits", commits, settings=settings) as killed:
        code = await asyncio.wait_for(killed.process.wait(), _DEADLINE_S)
    if code != -signal.SIGKILL:
        raise RanTooLong(f"the worker ended with {code}, not killed")
    begun = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        if takes_over:
            await stack.enter_async_context(observed_worker(broker, group, settings=settings))
        marks = await _mark(broker)
        return await asyncio.wait_for(_until_read(broker, marks), _DEADLINE_S) - begun


async def _mark(broker: BenchBroker) -> Offsets:
    """Writes a record behind whatever is on each partition of news.enriched; where those records are."""
    producer = new_producer(broker.bootstrap_servers, broker.settings, NEWS_ENRICHED.max_message_bytes)
    await producer.start()
    try:
        marks: Offsets = {}
        for partition in sorted(await producer.partitions_for(NEWS_ENRICHED.name)):
            sent = await producer.send_and_wait(NEWS_ENRICHED.name, _MARK, key=_MARK, partition=partition)
            marks[TopicPartition(sent.topic, sent.partition)] = sent.offset
        return marks
    finally:
        await producer.stop()


async def _until_read(broker: BenchBroker, marks: Offsets) -> float:
    """When a read_committed reader had the last of the marks, by the monotonic clock."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign(list(marks))
        for partition, offset in marks.items():
            consumer.seek(partition, offset)
        waited_for = dict(marks)
        while waited_for:
            for partition, records in (await consumer.getmany(timeout_ms=1_000)).items():
                if any(record.offset >= marks[partition] for record in records):
                    waited_for.pop(partition, None)
        return time.monotonic()
    finally:
        await consumer.stop()


def report(found: Sequence[Blocked], bound_s: float) -> bool:
    """Prints the longest of each kind; whether a reader was blocked at all, and always within the bound."""
    print("readers blocked, the longest   another takes over   nobody does")
    for place in OPEN_AT:
        longest = [max(each.seconds for each in found if (each.place, each.takes_over) == (place, by)) for by in (True, False)]
        print(f"           {place:18} {longest[0]:16.2f} s {longest[1]:11.2f} s")
    print(f"bound      {bound_s:.0f} s: transaction timeout, the broker's clean-up interval, {_SLACK_S:.0f} s")
    longest_s = max(each.seconds for each in found)
    return _SLACK_S < longest_s <= bound_s


def _successor(takes_over: bool) -> str:
    return "another takes over" if takes_over else "nobody takes over "


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no reader was blocked beyond the bound."""
    given = parser().parse_args(arguments)
    changed, clean_up_s, kills = (_SHORT, _SHORT_CLEAN_UP_S, 1) if given.short else ({}, _CLEAN_UP_S, given.kills)
    settings = StreamSettings(**changed)
    print_machine()
    times = f"transactions {settings.transaction_timeout_s:.0f} s, clean-up {clean_up_s:.0f} s"
    print(f"parameters session {settings.session_timeout_s:.0f} s, {times}, {_RECORDS} records, {kills} kills of each kind")
    bound_s = settings.transaction_timeout_s + clean_up_s + _SLACK_S
    return 0 if report(asyncio.run(measure(kills, changed, clean_up_s)), bound_s) else 1


if __name__ == "__main__":
    sys.exit(main())
