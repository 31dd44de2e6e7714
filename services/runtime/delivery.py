"""Hands a batch's messages to a producer and waits until the broker has confirmed every one.

It packs the producer's batches itself: a future and three coroutines for each message took a fifth of the time of a worker
that only passes records through (benchmarks/README.md). A batch is confirmed or fails as a whole.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from services.runtime.errors import TransientError
from services.runtime.partitioning import partition_of
from services.runtime.records import Message, Outcome


class DeliveryFailed(TransientError):
    """The broker did not confirm a message; nothing of its batch counts as done."""


async def deliver(producer: AIOKafkaProducer, source: TopicPartition, outcomes: Sequence[Outcome]) -> None:
    """Returns when every message of the outcomes of one input partition is confirmed.

    Raises:
        DeliveryFailed: one was not.
    """
    confirmations: list[asyncio.Future[Any]] = []
    try:
        for target, messages in (await _by_target(producer, source, outcomes)).items():
            for batch in _packed(producer, messages):
                confirmations.append(await producer.send_batch(batch, target.topic, partition=target.partition))
    except KafkaError as error:
        await asyncio.gather(*confirmations, return_exceptions=True)
        raise DeliveryFailed(f"a message was refused: {type(error).__name__}") from error
    for answer in await asyncio.gather(*confirmations, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise DeliveryFailed(f"messages were not confirmed: {type(answer).__name__}") from answer


async def _by_target(
    producer: AIOKafkaProducer, source: TopicPartition, outcomes: Sequence[Outcome]
) -> dict[TopicPartition, list[Message]]:
    """The messages by the partition that their key belongs to, each partition's in order."""
    messages = [outcome.message_with_origin() for outcome in outcomes]
    counts = {topic: len(await producer.partitions_for(topic)) for topic in {message.topic for message in messages}}
    found: dict[TopicPartition, list[Message]] = {}
    for message in messages:
        count = counts[message.topic]
        number = source.partition % count if message.key is None else partition_of(message.key, count)
        found.setdefault(TopicPartition(message.topic, number), []).append(message)
    return found


def _packed(producer: AIOKafkaProducer, messages: Iterable[Message]) -> Iterator[BatchBuilder]:
    """The messages in as few batches as the producer's limit allows; a batch has at least one, whatever its size."""
    batch = producer.create_batch()
    for message in messages:
        if not _append(batch, message):
            yield batch
            batch = producer.create_batch()
            _append(batch, message)
    yield batch


def _append(batch: BatchBuilder, message: Message) -> bool:
    """Whether there was room."""
    added = batch.append(timestamp=None, key=message.key, value=message.value, headers=list(message.headers))
    return added is not None
