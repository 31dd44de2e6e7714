"""Where a partition's outcomes go: every delivery is confirmed before the input's offset counts as done.

One producer per input partition, made anew after anything odd and never used again. aiokafka has no KIP-447, so fencing comes
from the producer: its transactional.id names the partition (docs/architecture.md).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.runtime.delivery import deliver
from services.runtime.errors import TransientError
from services.runtime.failpoints import Failpoint, pass_by
from services.runtime.records import Outcome
from services.runtime.settings import KafkaSettings, StreamSettings

# aiokafka's default of 16 KiB sends about one enriched record a request.
_PRODUCER_BATCH_BYTES = 1_048_576

# aiokafka compresses on the event loop. For 10 MB of news text its lz4 (level 9) holds it 120 ms, zstd 45, snappy 19; sizes
# 45, 24 and 50 %. A topic's own compression.type may store it smaller.
_COMPRESSION = "snappy"


class NotStarted(TransientError):
    """The producer could not start."""


class Sink(Protocol):
    """Takes the outcomes of one input partition; never used again after it raised."""

    async def start(self) -> None:
        """Connects; raises KafkaError when the broker is away."""
        ...

    async def commit(self, outcomes: Sequence[Outcome], next_offset: int, note: str = "") -> None:
        """Writes the outcomes and, when all are confirmed, commits the offset with a note for whoever begins there.

        Raises:
            DeliveryFailed: a message was not confirmed; the offset is not committed.
            KafkaError: the offset could not be committed.
        """
        ...

    async def stop(self) -> None:
        """Lets go of the connection; may take as long as the broker is away."""
        ...


NewSink = Callable[[TopicPartition], Sink]
NewPartitionSink = Callable[[AIOKafkaConsumer, TopicPartition], Sink]


def new_producer(
    bootstrap_servers: str, kafka: KafkaSettings, max_request_bytes: int, client_id: str = "newsloom", **options: Any
) -> AIOKafkaProducer:
    """A producer that waits for all in-sync replicas and writes each message once per session; not started.

    `options` go to aiokafka, e.g. transactional_id.
    """
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type=_COMPRESSION,
        max_batch_size=_PRODUCER_BATCH_BYTES,
        max_request_size=max_request_bytes,
        **kafka.client_options(),
        **options,
    )


def hear_out(producer: AIOKafkaProducer) -> None:
    """Takes the exceptions that a fenced producer keeps for whoever might still await them, or asyncio would log each."""
    accumulator = producer._message_accumulator
    batches = [batch for queue in accumulator._batches.values() for batch in queue] + list(accumulator._pending_batches)
    futures = [future for batch in batches for future in (batch.future, batch._drain_waiter)]
    for future in (*futures, producer._txn_manager._transaction_waiter):
        if future is not None and future.done() and not future.cancelled():
            future.exception()


class IdempotentSink:
    """At least once: the messages are confirmed, then the consumer commits its offset."""

    def __init__(
        self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, partition: TopicPartition, at: Failpoint = pass_by
    ) -> None:
        self._producer, self._consumer, self._partition, self._at = producer, consumer, partition, at

    async def start(self) -> None:
        await self._at("during_producer_start")
        await self._producer.start()

    async def commit(self, outcomes: Sequence[Outcome], next_offset: int, note: str = "") -> None:
        await self._at("after_begin")
        await deliver(self._producer, self._partition, outcomes)
        await self._at("after_send")
        await self._consumer.commit({self._partition: (next_offset, note)})
        await self._at("after_commit")

    async def stop(self) -> None:
        await self._producer.stop()


class TransactionalSink:
    """Exactly once: the messages and the input's offset are one Kafka transaction of the partition's own producer.

    The transaction begins when all messages are there, so a slow stage never holds one open. Nothing is aborted here: a
    sink that raised is dropped, and the next one's start (InitProducerId) fences it and settles its transaction.
    """

    def __init__(
        self, producer: AIOKafkaProducer, partition: TopicPartition, group: str, deadline_s: float, at: Failpoint = pass_by
    ) -> None:
        self._producer, self._partition, self._group = producer, partition, group
        self._deadline_s, self._at = deadline_s, at

    async def start(self) -> None:
        await self._at("during_producer_start")
        try:
            await self._producer.start()
        except AssertionError as error:  # aiokafka's answer to a broker that has just started and doesn't know of itself yet
            raise NotStarted("the broker names no broker") from error

    async def commit(self, outcomes: Sequence[Outcome], next_offset: int, note: str = "") -> None:
        # aiokafka's own calls have no limit while the broker is away.
        async with asyncio.timeout(self._deadline_s):
            await self._producer.begin_transaction()
            await self._at("after_begin")
            await deliver(self._producer, self._partition, outcomes)  # aiokafka would commit what was not delivered
            await self._at("after_send")
            await self._producer.send_offsets_to_transaction({self._partition: (next_offset, note)}, self._group)
            await self._at("after_offsets")
            await self._producer.commit_transaction()
        await self._at("after_commit")

    async def stop(self) -> None:
        try:
            await self._producer.stop()
        finally:
            hear_out(self._producer)


def transactional_id(group: str, partition: TopicPartition) -> str:
    """The name of a group's producer for a partition that it consumes; who starts one of this name fences the one before."""
    return f"{group}.{partition.topic}.{partition.partition}"


def idempotent_sinks(
    bootstrap_servers: str, kafka: KafkaSettings, max_request_bytes: int, at: Failpoint = pass_by
) -> NewPartitionSink:
    """At least once: makes a sink with a producer of its own for each partition."""

    def new_sink(consumer: AIOKafkaConsumer, partition: TopicPartition) -> Sink:
        return IdempotentSink(new_producer(bootstrap_servers, kafka, max_request_bytes), consumer, partition, at)

    return new_sink


def transactional_sinks(
    bootstrap_servers: str,
    kafka: KafkaSettings,
    max_request_bytes: int,
    group: str,
    settings: StreamSettings,
    at: Failpoint = pass_by,
) -> NewPartitionSink:
    """Exactly once: makes a sink with a transactional producer of its own for each partition, whose id fences a zombie's."""

    def new_sink(_consumer: AIOKafkaConsumer, partition: TopicPartition) -> Sink:
        producer = new_producer(
            bootstrap_servers,
            kafka,
            max_request_bytes,
            transactional_id=transactional_id(group, partition),
            transaction_timeout_ms=int(settings.transaction_timeout_s * 1000),
        )
        return TransactionalSink(producer, partition, group, settings.transaction_timeout_s, at)

    return new_sink
