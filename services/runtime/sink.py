"""Where a partition's outcomes go: every delivery is confirmed before the input's offset is committed.

One producer per input partition, made anew after anything odd: the shape that transactions need (the issue of exactly
once replaces IdempotentSink by a transactional one and changes nothing else).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.errors import TransientError
from services.runtime.records import Outcome
from services.runtime.settings import KafkaSettings

# aiokafka's default of 16 KiB sends about one enriched record a request.
_PRODUCER_BATCH_BYTES = 1_048_576


class DeliveryFailed(TransientError):
    """The broker did not confirm a message; nothing of its batch counts as done."""


class Sink(Protocol):
    """Takes the outcomes of one input partition; never used again after it raised."""

    async def start(self) -> None:
        """Connects; raises KafkaError when the broker is away."""
        ...

    async def commit(self, outcomes: Sequence[Outcome], next_offset: int) -> None:
        """Writes the outcomes and, when all are confirmed, commits the offset.

        Raises:
            DeliveryFailed: a message was not confirmed; the offset is not committed.
            KafkaError: the offset could not be committed.
        """
        ...

    async def stop(self) -> None:
        """Lets go of the connection; may take as long as the broker is away."""
        ...


NewSink = Callable[[TopicPartition], Sink]


def new_producer(
    bootstrap_servers: str, kafka: KafkaSettings, max_request_bytes: int, client_id: str = "newsloom"
) -> AIOKafkaProducer:
    """A producer that waits for all in-sync replicas and writes each message once per session; not started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        max_batch_size=_PRODUCER_BATCH_BYTES,
        max_request_size=max_request_bytes,
        **kafka.client_options(),
    )


class IdempotentSink:
    """At-least-once: idempotent producer, then the consumer's own commit."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._producer, self._consumer, self._partition = producer, consumer, partition

    async def start(self) -> None:
        await self._producer.start()

    async def commit(self, outcomes: Sequence[Outcome], next_offset: int) -> None:
        await self._deliver(outcomes)
        await self._consumer.commit({self._partition: next_offset})

    async def stop(self) -> None:
        await self._producer.stop()

    async def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        confirmations = []
        try:
            for outcome in outcomes:
                message = outcome.message_with_origin()
                confirmations.append(
                    await self._producer.send(message.topic, value=message.value, key=message.key, headers=list(message.headers))
                )
        except KafkaError as error:
            await asyncio.gather(*confirmations, return_exceptions=True)
            raise DeliveryFailed(f"a message was refused: {type(error).__name__}") from error
        for answer in await asyncio.gather(*confirmations, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise DeliveryFailed(f"a message was not confirmed: {type(answer).__name__}") from answer
