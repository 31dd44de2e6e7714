"""How long an article takes from news.raw to a reader of news.enriched, at half load; `python -m benchmarks.latency`."""

import argparse
import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer

from benchmarks.articles import small_articles
from benchmarks.broker import BenchBroker, KeyedValue, RanTooLong, started_broker
from benchmarks.machine import print_machine
from benchmarks.worker_process import observed_worker
from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION
from services.runtime.settings import StreamSettings
from services.runtime.sink import new_producer

_DEADLINE_S = 600.0
_TICK_S = 0.01
_WARM_UP = 0.2
"""Share of the paced records that don't count."""

Origin = tuple[int, int]


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    full_rate: float
    paced_rate: float
    latencies_ms: list[float]
    """From the broker's timestamp of the raw record to the reader; sorted."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--records", type=int, default=40_000, help="records of the full load (%(default)s)")
    parser.add_argument("--bytes", type=int, default=2_000, help="size of a raw record's value (%(default)s)")
    parser.add_argument("--load", type=float, default=0.5, help="share of the full rate (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long records come in at that rate (%(default)s)")
    parser.add_argument("--short", action="store_true", help="6,000 records, 5 seconds")
    return parser


async def measure(given: argparse.Namespace) -> Measured:
    """The full rate of the worker, then latencies at a share of it, one after the other on one broker."""
    values = list(small_articles(given.records, given.bytes))
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, values)
        full_rate = await _full_rate(broker, given.records)
        async with observed_worker(broker, "paced", settings={"start_from": "latest"}) as worker:
            await worker.hears("ready", _DEADLINE_S)
            rate = full_rate * given.load
            arrived, paced_rate = await _paced(broker, itertools.cycle(values), rate, int(rate * given.seconds))
            await worker.stop()
        published = await _published(broker, arrived)
    counted = _later(arrived, published)
    return Measured(full_rate, paced_rate, sorted(arrived[origin] - published[origin] for origin in counted))


def _later(arrived: dict[Origin, float], published: dict[Origin, float]) -> list[Origin]:
    """The records without those of the warm-up."""
    in_order = sorted(arrived, key=lambda origin: published[origin])
    return in_order[int(len(in_order) * _WARM_UP) :]


async def _full_rate(broker: BenchBroker, count: int) -> float:
    """Records a second with a backlog, from its first commit to its last; the first half warms up the broker's Java."""
    async with observed_worker(broker, "full") as worker:
        await broker.until_handled(worker.group, count // 2, _DEADLINE_S, worker.goes_on)
        handled, begun = await broker.handled(worker.group), time.monotonic()
        await broker.until_handled(worker.group, count, _DEADLINE_S, worker.goes_on)
        rate = (count - handled) / (time.monotonic() - begun)
        await worker.stop()
    return rate


async def _paced(broker: BenchBroker, values: Iterable[KeyedValue], rate: float, count: int) -> tuple[dict[Origin, float], float]:
    """Publishes at a rate while a reader notes when it has each record; also says at which rate that went."""
    ends = await broker.ends(NEWS_ENRICHED.name)
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign(list(ends))
        for partition, end in ends.items():
            consumer.seek(partition, end)
        reading = asyncio.create_task(_arrivals(consumer, count))
        begun = time.monotonic()
        await _publish_paced(broker, values, rate, count)
        paced_rate = count / (time.monotonic() - begun)
        return await asyncio.wait_for(reading, _DEADLINE_S), paced_rate
    except TimeoutError:
        raise RanTooLong(f"{count} records did not arrive") from None
    finally:
        await consumer.stop()


async def _arrivals(consumer: AIOKafkaConsumer, count: int) -> dict[Origin, float]:
    """When each record was there, in milliseconds since 1970, by the raw record that it names."""
    arrived: dict[Origin, float] = {}
    while len(arrived) < count:
        fetched = await consumer.getmany(timeout_ms=1_000)
        now_ms = time.time() * 1000
        for record in itertools.chain.from_iterable(fetched.values()):
            headers = dict(record.headers)
            arrived[int(headers[ORIGIN_PARTITION]), int(headers[ORIGIN_OFFSET])] = now_ms
    return arrived


async def _publish_paced(broker: BenchBroker, values: Iterable[KeyedValue], rate: float, count: int) -> None:
    producer = new_producer(broker.bootstrap_servers, broker.settings, NEWS_ENRICHED.max_message_bytes)
    await producer.start()
    begun, feed, sent = time.monotonic(), iter(values), 0
    try:
        while sent < count:
            due = min(count, int((time.monotonic() - begun) * rate))
            for key, value in itertools.islice(feed, due - sent):
                await producer.send(NEWS_RAW.name, key=key, value=value)
            sent = max(sent, due)
            await asyncio.sleep(_TICK_S)
    finally:
        with contextlib.suppress(TimeoutError):
            await producer.stop()  # sends what waits


async def _published(broker: BenchBroker, origins: Iterable[Origin]) -> dict[Origin, float]:
    """The broker's timestamps of raw records, in milliseconds since 1970."""
    wanted = set(origins)
    since = {tp: min(offset for number, offset in wanted if number == tp.partition) for tp in await broker.ends(NEWS_RAW.name)}
    records = await broker.read(since, await broker.ends(NEWS_RAW.name))
    return {(record.partition, record.offset): float(record.timestamp) for record in records}


def report(measured: Measured) -> None:
    """Prints it."""
    latencies = measured.latencies_ms
    print(f"full       {measured.full_rate:,.0f} records/s with a backlog")
    print(f"paced      {measured.paced_rate:,.0f} records/s, {measured.paced_rate / measured.full_rate:.0%} of it")
    at = {name: latencies[min(len(latencies) - 1, int(len(latencies) * share))] for name, share in _SHARES}
    print(f"latency    {', '.join(f'{name} {value:.0f} ms' for name, value in at.items())}, max {latencies[-1]:.0f} ms")
    print(f"           of {len(latencies):,} records, from the broker's timestamp on news.raw to a read_committed reader")


_SHARES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it was measured."""
    given = parser().parse_args(arguments)
    if given.short:
        given.records, given.seconds = 6_000, 5.0
    settings = StreamSettings()
    print_machine()
    sizes = f"{given.bytes} bytes, {NEWS_RAW.partitions} partitions, {given.load:.0%} load for {given.seconds:.0f} s"
    commits = f"at most {settings.batch_max_records} records or {settings.batch_max_bytes} bytes a commit, {settings.guarantee}"
    print(f"parameters {sizes}; {commits}")
    report(asyncio.run(measure(given)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
