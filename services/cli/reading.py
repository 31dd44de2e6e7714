"""Reads topics without a consumer group: nothing that a command reads is taken from anyone."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import Topic
from services.cli.connection import Connection
from services.cli.errors import CouldNot

Offsets = Mapping[TopicPartition, int]

_POLL_MS = 200
_FETCH_BYTES = 4 * 1024 * 1024
# The broker answers the requests of a connection in turn: a question waits as long as a fetch that finds nothing.
_FETCH_WAIT_MS = 100

# Records that the broker says are there come within seconds; longer means that it lost a partition's leader.
_STUCK_AFTER_S = 60.0

# aiokafka 0.14's fetcher misses being called off while it changes to another assignment, and then never ends: never
# assign twice, and never wait for it for long.
_STOP_DEADLINE_S = 2.0


class Fetched(Protocol):
    """What is used of a record that the client hands over."""

    @property
    def topic(self) -> str:
        """Where it is."""
        ...

    @property
    def partition(self) -> int:
        """Which partition."""
        ...

    @property
    def offset(self) -> int:
        """Where in it."""
        ...

    @property
    def key(self) -> bytes | None:
        """As written."""
        ...

    @property
    def value(self) -> bytes | None:
        """As written; None for a tombstone."""
        ...

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """As written."""
        ...


@contextlib.asynccontextmanager
async def open_reader(connection: Connection, topics: Sequence[Topic]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of every partition of the topics, at their beginning; it sees committed records only."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=connection.bootstrap_servers,
        client_id="newsloom-reader",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        **connection.kafka.client_options(),
    )
    partitions = [
        TopicPartition(topic.name, partition) for topic in topics for partition in range(await connection.partitions(topic))
    ]
    await consumer.start()
    try:
        consumer.assign(partitions)
        await seek_to_beginning(consumer)
        yield consumer
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(consumer.stop(), _STOP_DEADLINE_S)


async def seek_to_beginning(consumer: AIOKafkaConsumer) -> None:
    """Puts every partition at its first record; without waiting for a fetch, as the client's own method would."""
    for partition, offset in (await consumer.beginning_offsets(list(consumer.assignment()))).items():
        consumer.seek(partition, offset)


async def follow(consumer: AIOKafkaConsumer) -> AsyncIterator[Fetched]:
    """Records as they come, without end."""
    while True:
        for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            for record in records:
                yield record


async def read_until(consumer: AIOKafkaConsumer, ends: Offsets) -> AsyncIterator[Fetched]:
    """The records below the given offsets, partition by partition in order.

    Raises:
        CouldNot: the broker has them and doesn't hand them out.
    """
    moved_at = time.monotonic()
    while waiting := [partition for partition, end in ends.items() if await consumer.position(partition) < end]:
        fetched = await consumer.getmany(*waiting, timeout_ms=_POLL_MS)
        if fetched:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > _STUCK_AFTER_S:
            raise CouldNot(
                f"no records came for {_STUCK_AFTER_S:g} s from {', '.join(f'{p.topic}-{p.partition}' for p in waiting)}"
            )
        for partition, records in fetched.items():
            for record in records:
                if record.offset < ends[partition]:
                    yield record


async def end_offsets(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """The offset after the last committed record of each partition that the consumer reads."""
    found: dict[TopicPartition, int] = await consumer.end_offsets(list(consumer.assignment()))
    return found


async def ends_with_open_transactions(connection: Connection, topic: Topic) -> dict[TopicPartition, int]:
    """Where a topic ends, what isn't committed yet included: reading up to there waits until it is, or is aborted.

    A reader of committed records is told an earlier end while a transaction is open, and for a moment after its commit.
    """
    partitions = [TopicPartition(topic.name, number) for number in range(await connection.partitions(topic))]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=connection.bootstrap_servers, enable_auto_commit=False, **connection.kafka.client_options()
    )
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return found
    finally:
        await consumer.stop()
