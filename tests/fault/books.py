"""The truth about a run: news.raw itself; each of its offsets has exactly one outcome, and each key keeps its order."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.cli.raw_batches import fetch_batch
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION, Record
from tests.fault.truth import UNREADABLE, Expected, Truth, dead, digest
from tests.support.kafka import Broker
from tests.support.operator import connection_to

Origin = tuple[int, int]
Read: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

_OUTPUTS = (NEWS_ENRICHED.name, NEWS_RAW_DLQ.name)
_POLL_MS = 200
_MAX_RECORDS = 500
_SHOWN = 20


@dataclass(frozen=True)
class Books:
    """What went in and what came out."""

    inputs: int
    outcomes: int
    lost: tuple[Origin, ...]
    duplicated: tuple[Origin, ...]
    reordered: int
    dead_letters: int
    withdrawn: int = 0
    innocent: tuple[Origin, ...] = ()
    """Dead letters of records that nothing is wrong with."""
    twice: tuple[str, ...] = ()
    """Where the outcomes of the duplicated are, and when they were written."""
    different: tuple[Origin, ...] = ()
    """Outcomes of another kind, key, value or class than those of a run without faults."""

    @property
    def balance(self) -> bool:
        """Nothing lost, nothing twice, nothing out of order, nobody innocent among the dead, nothing different."""
        return not (self.lost or self.duplicated or self.reordered or self.innocent or self.different)

    def __str__(self) -> str:
        return (
            f"in {self.inputs}, out {self.outcomes}: lost {len(self.lost)}, duplicated {len(self.duplicated)}, "
            f"reordered {self.reordered}, innocent {len(self.innocent)}, different {len(self.different)}; "
            f"dead letters {self.dead_letters}, withdrawn {self.withdrawn}"
        )

    @property
    def faults(self) -> str:
        """The places of what is wrong, as (partition, offset) of news.raw."""
        wrong = {name: getattr(self, name) for name in ("lost", "duplicated", "innocent", "different")}
        return "; ".join([*(f"{name}: {list(places[:_SHOWN])}" for name, places in wrong.items() if places), *self.twice])


class Ledger:
    """Reads on and on what a read_committed reader sees; compares with the truth when there is one."""

    def __init__(self, broker: Broker, consumer: AIOKafkaConsumer, truth: Truth | None) -> None:
        self._broker, self._consumer, self._truth = broker, consumer, truth
        self._expected: dict[Origin, Expected | None] = {}
        self._seen: dict[Origin, list[str]] = defaultdict(list)
        self._unjudged: list[tuple[Origin, Expected]] = []
        self._latest: dict[tuple[str, int, bytes | None], Origin] = {}
        self._wrong: dict[str, set[Origin]] = defaultdict(set)
        self._reordered = self._dead_letters = self._withdrawn = 0
        self.revisions: Counter[bytes | None] = Counter()
        """How often each key was published."""

    async def advance(self) -> None:
        """Reads everything that is there now; the outputs first, so that each outcome's input is found."""
        for topic in _OUTPUTS:
            for partition, end in await self._ends(topic):
                while await self._consumer.position(partition) < end:
                    for record in await self._fetch(partition):
                        self._enter(record)
        for partition, end in await self._ends(NEWS_RAW.name):
            while (offset := await self._consumer.position(partition)) < end:
                await self._expect(partition, offset)
        self._judge()

    @property
    def pending(self) -> list[Origin]:
        """The inputs without an outcome so far."""
        return sorted(set(self._expected) - set(self._seen))

    @property
    def books(self) -> Books:
        """The state after the last `advance`."""
        assert set(self._seen) <= set(self._expected), "an outcome names an input that doesn't exist"
        twice = sorted(origin for origin, places in self._seen.items() if len(places) > 1)
        return Books(
            inputs=len(self._expected),
            outcomes=sum(map(len, self._seen.values())),
            lost=tuple(self.pending),
            duplicated=tuple(twice),
            twice=tuple(f"{origin}: {', '.join(self._seen[origin])}" for origin in twice[:_SHOWN]),
            reordered=self._reordered,
            dead_letters=self._dead_letters,
            withdrawn=self._withdrawn,
            innocent=tuple(sorted(self._wrong["innocent"])),
            different=tuple(sorted(self._wrong["different"])),
        )

    async def _ends(self, topic: str) -> list[tuple[TopicPartition, int]]:
        partitions = sorted(each for each in self._consumer.assignment() if each.topic == topic)
        ends = await self._consumer.end_offsets(partitions)
        return sorted(ends.items())

    async def _fetch(self, partition: TopicPartition, max_records: int = _MAX_RECORDS) -> list[Read]:
        fetched = await self._consumer.getmany(partition, timeout_ms=_POLL_MS, max_records=max_records)
        return [record for records in fetched.values() for record in records]

    def _enter(self, record: Read) -> None:
        origin = _origin(record)
        written = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        self._seen[origin].append(f"{record.topic}-{record.partition} at {record.offset} of {written:%H:%M:%S.%f}")
        self._dead_letters += record.topic == NEWS_RAW_DLQ.name
        self._withdrawn += record.topic == NEWS_ENRICHED.name and record.value is None
        place = (record.topic, origin[0], record.key)  # an order is only there among records of one input partition
        latest = self._latest.get(place, origin)
        self._reordered += origin < latest
        self._latest[place] = max(origin, latest)
        if self._truth is not None:
            self._unjudged.append((origin, _as_expected(record)))

    async def _expect(self, partition: TopicPartition, offset: int) -> None:
        """Reads raw records from the offset on, and what the client can't read with the eyes of `newsloom skip`."""
        try:
            records = await self._fetch(partition)
        except UnicodeDecodeError:
            self._consumer.seek(partition, offset)
            try:
                records = await self._fetch(partition, max_records=1)
            except UnicodeDecodeError:
                return await self._expect_unreadable(partition, offset)
        for record in records:
            self.revisions[record.key] += 1
        if self._truth is None:
            self._expected |= {(record.partition, record.offset): None for record in records}
        elif records:
            raw = [_record(record) for record in records]
            expected = await asyncio.to_thread(self._truth, raw)
            self._expected |= {(r.partition, r.offset): each for r, each in zip(records, expected, strict=True)}

    async def _expect_unreadable(self, partition: TopicPartition, offset: int) -> None:
        async with connection_to(self._broker) as connection:
            batch = await fetch_batch(connection, partition, offset)
        for stored in batch.records or ():
            if stored.offset >= offset:
                record = Record(partition.topic, partition.partition, stored.offset, stored.key, stored.value, (), 0)
                self._expected[(partition.partition, stored.offset)] = dead(record, UNREADABLE)
        self._consumer.seek(partition, batch.last_offset + 1)

    def _judge(self) -> None:
        for origin, found in self._unjudged:
            expected = self._expected.get(origin)
            if expected is not None and found != expected:
                is_innocent = found.error_class is not None and expected.error_class is None
                self._wrong["innocent" if is_innocent else "different"].add(origin)
        self._unjudged.clear()


@contextlib.asynccontextmanager
async def open_ledger(broker: Broker, truth: Truth | None = None) -> AsyncIterator[Ledger]:
    """A ledger at the beginning of the topics."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        # One assignment for good: aiokafka's fetcher may hang at a second one.
        consumer.assign([*_partitions(NEWS_RAW.partitions, (NEWS_RAW.name, *_OUTPUTS))])
        yield Ledger(broker, consumer, truth)
    finally:
        await consumer.stop()


async def close_books(broker: Broker, truth: Truth | None = None) -> Books:
    """Compares the topics as they are now."""
    async with open_ledger(broker, truth) as ledger:
        await ledger.advance()
        return ledger.books


def _partitions(count: int, topics: Sequence[str]) -> Iterable[TopicPartition]:
    return (TopicPartition(topic, partition) for topic in topics for partition in range(count))


def _origin(record: Read) -> Origin:
    headers = dict(record.headers)
    return int(headers[ORIGIN_PARTITION]), int(headers[ORIGIN_OFFSET])


def _as_expected(record: Read) -> Expected:
    is_dead = record.topic == NEWS_RAW_DLQ.name
    error_class = DeadLetter.from_headers(record.headers).error_class if is_dead else None
    return Expected(record.topic, digest(record.key, record.value), error_class)


def _record(record: Read) -> Record:
    headers = tuple(record.headers)
    return Record(record.topic, record.partition, record.offset, record.key, record.value, headers, record.timestamp)
