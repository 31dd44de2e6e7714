"""How fast the trends service is beside the enricher, and how soon it is back: `python -m benchmarks.trends` (memory: Linux).

Three measurements, each on a broker of its own: articles a second through all three stages with 15 names each, after the
enricher's own rate in the same run; the time to read a million keys back, with an empty folder and with the folder kept, and the
memory that they take; and how long after kill -9, at 100,000 keys with the folder kept, a new article is published again.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from benchmarks import throughput
from benchmarks.articles import seeds
from benchmarks.broker import BenchBroker, RanTooLong, started_broker
from benchmarks.machine import print_machine
from benchmarks.process import resident_bytes
from benchmarks.trends_load import ENTITIES, clock_value, counter_records, enriched_articles
from benchmarks.trends_process import GROUP, TrendsProcess, trends_process
from schemas.topics import NEWS_ENRICHED, NEWS_TRENDS, NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS, Topic
from services.runtime.sink import new_producer
from services.runtime.topic_admin import ensure_topic

LEAST_RATE, LEAST_RATIO = 50.0, 5.0
MOST_BACK_S = 15.0

_DEADLINE_S = 1_800.0
_LOOK_EVERY_S = 0.05
_BACK_KEYS = 100_000
_IN_FLIGHT = 5_000
_MIB = 1024 * 1024
_CLOCK_KEY = b"\0clock"
_COUNTERS = f"{GROUP}-counters-changelog"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trends", description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000, help="articles with 15 names each (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often all seeds go through the enricher (%(default)s)")
    parser.add_argument("--keys", type=int, default=1_000_000, help="keys that are read back (%(default)s)")
    parser.add_argument("--only", choices=("throughput", "recovery", "back"), help="one of the three measurements")
    parser.add_argument("--short", action="store_true", help="500 articles, 20,000 keys, no enricher: no measurement of anything")
    return parser


@dataclass(frozen=True)
class Recovery:
    """Seconds from the start until records are taken, and until every key can be ranked; memory in bytes."""

    keys: int
    empty_s: float
    empty_whole_s: float
    kept_s: float
    kept_whole_s: float
    resident: int
    without_keys: int
    on_disk: int


async def measure_throughput(articles: int) -> float:
    """Articles a second from the first that is read to the last that is published."""
    async with _scene() as (broker, trends):
        await broker.publish(NEWS_ENRICHED.name, enriched_articles(articles))
        before = await broker.ends(NEWS_TRENDS_ARTICLES.name, NEWS_TRENDS.name)
        await trends.start()
        await _until_done(broker, trends)
        after = await broker.ends(NEWS_TRENDS_ARTICLES.name, NEWS_TRENDS.name)
        times = [record.timestamp for record in await broker.read(before, after)]
        rate: float = articles / (max(times) - min(times)) * 1000
        return rate


async def measure_recovery(keys: int) -> Recovery:
    """A worker without a folder reads the keys back, is killed with -9, and comes back with its folder."""
    async with _scene() as (broker, trends):
        await trends.start()
        await trends.until_whole(_DEADLINE_S)
        without_keys = resident_bytes(trends.pid)
        await trends.kill()
        await _fill(broker, keys)
        trends = replace(trends, folder=trends.folder.parent / "fresh")
        await trends.start()
        try:
            empty_s, empty_whole_s = await trends.until_ready(_DEADLINE_S), await trends.until_whole(_DEADLINE_S)
            await trends.kill()
            await trends.start()
            kept_s, kept_whole_s = await trends.until_ready(_DEADLINE_S), await trends.until_whole(_DEADLINE_S)
            resident = resident_bytes(trends.pid)
        finally:
            await trends.stop()
        on_disk = sum(file.stat().st_size for file in trends.folder.rglob("*") if file.is_file())
        return Recovery(keys, empty_s, empty_whole_s, kept_s, kept_whole_s, resident, without_keys, on_disk)


async def measure_back(keys: int) -> float:
    """Seconds from kill -9 until something that was published after it has been counted and published."""
    async with _scene() as (broker, trends):
        await _fill(broker, keys)
        await trends.start()
        await trends.until_whole(_DEADLINE_S)
        articles = list(enriched_articles(200))
        await broker.publish(NEWS_ENRICHED.name, articles[:100])
        await _until_done(broker, trends)
        before = await _published(broker)
        killed_at = time.monotonic()
        await trends.kill()
        await trends.start()
        await broker.publish(NEWS_ENRICHED.name, articles[100:])
        while await _published(broker) == before:
            if time.monotonic() > killed_at + _DEADLINE_S or not trends.goes_on():
                raise RanTooLong("the worker isn't back at work")
            await asyncio.sleep(_LOOK_EVERY_S)
        return time.monotonic() - killed_at


@asynccontextmanager
async def _scene() -> AsyncIterator[tuple[BenchBroker, TrendsProcess]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="newsloom-bench-")))
        broker = await stack.enter_async_context(started_broker())
        yield broker, await stack.enter_async_context(trends_process(broker, folder / "tables"))


async def _fill(broker: BenchBroker, keys: int) -> None:
    """Writes the counters' changelog with the service's own codec."""
    partitions = NEWS_TRENDS_MENTIONS.partitions
    await ensure_topic(broker.admin, _changelog())
    producer = new_producer(broker.bootstrap_servers, broker.settings, NEWS_TRENDS_MENTIONS.max_message_bytes)
    await producer.start()
    try:
        sent: list[asyncio.Future[object]] = []
        for partition, key, value in _with_clocks(keys, partitions):
            sent.append(await producer.send(_COUNTERS, key=key, value=value, partition=partition))
            if len(sent) >= _IN_FLIGHT:
                await asyncio.gather(*sent)
                sent.clear()
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def _with_clocks(keys: int, partitions: int) -> Iterator[tuple[int, bytes, bytes]]:
    yield from counter_records(keys, partitions)
    yield from ((partition, _CLOCK_KEY, clock_value()) for partition in range(partitions))


def _changelog() -> Topic:
    return replace(NEWS_TRENDS_MENTIONS, name=_COUNTERS, key="the table's", cleanup_policy="compact", retention_ms=-1)


async def _until_done(broker: BenchBroker, trends: TrendsProcess) -> None:
    """Until every record has gone through the three stages and is published."""
    deadline = time.monotonic() + _DEADLINE_S
    for topic in (NEWS_ENRICHED, NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS):
        while not await _is_done(broker, topic):
            if time.monotonic() > deadline or not trends.goes_on():
                raise RanTooLong(f"{topic.name} isn't done")
            await asyncio.sleep(_LOOK_EVERY_S)


async def _is_done(broker: BenchBroker, topic: Topic) -> bool:
    ends = await broker.ends(topic.name)
    try:
        committed = await broker.admin.list_consumer_group_offsets(GROUP)
    except KafkaError:  # the broker's topic of offsets is still in the making
        return False
    return all(partition in committed and committed[partition].offset >= end for partition, end in ends.items() if end)


async def _published(broker: BenchBroker) -> int:
    ends: dict[TopicPartition, int] = await broker.ends(NEWS_TRENDS.name)
    return sum(ends.values())


def report_throughput(trends: float, enricher: float | None) -> bool:
    """Prints both rates; whether the limit holds."""
    beside = "" if enricher is None else f", the enricher {enricher:.2f}: × {trends / enricher:.1f}"
    print(f"throughput {trends:.0f} articles/s with {ENTITIES} names each{beside} (limits {LEAST_RATE:g} and × {LEAST_RATIO:g})")
    return trends >= LEAST_RATE and (enricher is None or trends >= LEAST_RATIO * enricher)


def report_recovery(found: Recovery) -> None:
    """Prints what reading back takes."""
    print(
        f"recovery   {found.keys} keys, empty folder: ready after {found.empty_s:.1f} s, ranked after {found.empty_whole_s:.1f} s"
    )
    print(f"           folder kept: ready after {found.kept_s:.1f} s, ranked after {found.kept_whole_s:.1f} s")
    each = (found.resident - found.without_keys) / found.keys
    print(
        f"memory     {found.resident / _MIB:.0f} MiB resident, {found.without_keys / _MIB:.0f} without keys: "
        f"{each * 1_000_000 / _MIB:.0f} MiB for 1,000,000 keys; {found.on_disk / _MIB:.0f} MiB on disk"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the limits hold."""
    given = parser().parse_args(arguments)
    articles, keys, back_keys = (500, 20_000, 5_000) if given.short else (given.articles, given.keys, _BACK_KEYS)
    print_machine()
    print(f"parameters {articles} articles, {keys} keys, {given.rounds} rounds of seeds through the enricher", flush=True)
    good = True
    if given.only in (None, "throughput"):
        enricher = None if given.short else asyncio.run(throughput.measure(seeds(), given.rounds)).rate
        good &= report_throughput(asyncio.run(measure_throughput(articles)), enricher)
    if given.only in (None, "recovery"):
        report_recovery(asyncio.run(measure_recovery(keys)))
    if given.only in (None, "back"):
        seconds = asyncio.run(measure_back(back_keys))
        print(f"back       at work {seconds:.1f} s after kill -9 at {back_keys} keys, folder kept (limit {MOST_BACK_S:g} s)")
        good &= seconds <= MOST_BACK_S
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
