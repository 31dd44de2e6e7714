"""How far a consumer group is, what is on the topics, and why records were given up lately."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from schemas.control import Order
from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_RAW, NEWS_RAW_DLQ, TOPICS
from services.cli.connection import Connection
from services.cli.consumer_groups import committed_offsets
from services.cli.reading import Fetched, end_offsets, open_reader, read_until
from services.runtime.control import OrderReader

# Enough to see what goes wrong, few enough to be read at once.
_RECENT_PER_PARTITION = 250
_RATE_OVER_S = 60


@dataclass(frozen=True, slots=True)
class TopicCount:
    """What is on a topic: offsets in use (control records of transactions included), and how many came in the last minute."""

    name: str
    records: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """Where a group is in a partition; `committed` is None when it never committed there."""

    partition: int
    committed: int | None
    end: int
    begin: int

    @property
    def lag(self) -> int:
        """Records that wait."""
        return self.end - max(self.begin, self.committed or 0)


@dataclass(frozen=True, slots=True)
class GroupState:
    """The whole picture."""

    group: str
    partitions: Sequence[PartitionLag]
    topics: Sequence[TopicCount]
    order: Order | None
    """The last one that the group was given."""
    dead_letters: Counter[tuple[str, str]]
    """Of the most recent ones, by stage and class."""

    @property
    def paused(self) -> str | None:
        """Why the group stands still; None when it doesn't."""
        is_paused = self.order is not None and self.order.action == "pause"
        return f"by {self.order.ordered_by}: {self.order.reason}" if self.order and is_paused else None

    @property
    def lag(self) -> int:
        """Records that wait on all partitions."""
        return sum(partition.lag for partition in self.partitions)


async def group_state(connection: Connection, group: str) -> GroupState:
    """The picture of now; raises CouldNot when a topic is missing."""
    async with open_reader(connection, list(TOPICS.values())) as consumer:
        partitions = sorted(consumer.assignment())
        begin, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        committed = await committed_offsets(connection, group)
        lags = [
            PartitionLag(partition.partition, committed.get(partition), end[partition], begin[partition])
            for partition in partitions
            if partition.topic == NEWS_RAW.name
        ]
        counts = await _counts(consumer, partitions, begin, end)
    order = await OrderReader(connection.bootstrap_servers, connection.kafka, group).latest()
    return GroupState(group, lags, counts, order, await _recent_dead_letters(connection))


async def _counts(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    begin: dict[TopicPartition, int],
    end: dict[TopicPartition, int],
) -> list[TopicCount]:
    since_ms = int((time.time() - _RATE_OVER_S) * 1000)
    then = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
    counts = []
    for name in TOPICS:
        own = [partition for partition in partitions if partition.topic == name]
        recent = sum(end[each] - then[each].offset for each in own if then.get(each) is not None)
        counts.append(TopicCount(name, sum(end[each] - begin[each] for each in own), recent))
    return counts


async def _recent_dead_letters(connection: Connection) -> Counter[tuple[str, str]]:
    async with open_reader(connection, [NEWS_RAW_DLQ]) as consumer:
        partitions = list(consumer.assignment())
        begin, ends = await consumer.beginning_offsets(partitions), await end_offsets(consumer)
        for partition, offset in ends.items():
            consumer.seek(partition, max(begin[partition], offset - _RECENT_PER_PARTITION))
        return await _count_classes(read_until(consumer, ends))


async def _count_classes(records: AsyncIterator[Fetched]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    async for record in records:
        try:
            letter = DeadLetter.from_headers(record.headers)
            found[letter.stage, letter.error_class] += 1
        except ValidationError:
            found["?", "without our headers"] += 1
    return found
