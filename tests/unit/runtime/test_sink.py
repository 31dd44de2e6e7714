"""Which batches a sink makes of a partition's outcomes, and what it does when one isn't confirmed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.runtime.delivery import DeliveryFailed
from services.runtime.records import ORIGIN_OFFSET, Message, Outcome, Record
from services.runtime.sink import IdempotentSink

INPUT = TopicPartition("in", 2)
PARTITIONS = {"out": [0, 1, 2, 3], "letters": [0, 1]}
BATCH_BYTES = 4_000

Sent = tuple[str, int, list[Any]]


@dataclass
class FakeBroker:
    """A producer and a consumer in one, that remember what they were asked."""

    fails_on: int | None = None
    sent: list[Sent] = field(default_factory=list)
    committed: list[dict[TopicPartition, tuple[int, str]]] = field(default_factory=list)

    async def partitions_for(self, topic: str) -> set[int]:
        return set(PARTITIONS[topic])

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(BATCH_BYTES, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[None]":
        self.sent.append((topic, partition, _records(batch)))
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if len(self.sent) - 1 == self.fails_on:
            confirmed.set_exception(KafkaTimeoutError())
        else:
            confirmed.set_result(None)
        return confirmed

    async def commit(self, offsets: dict[TopicPartition, tuple[int, str]]) -> None:
        assert all(records for _, _, records in self.sent), "an empty batch is never confirmed by a broker"
        self.committed.append(offsets)


def _records(batch: BatchBuilder) -> list[Any]:
    written = MemoryRecords(bytes(batch._build())).next_batch()
    return [] if written is None else list(written)


def outcome(offset: int, key: bytes | None, value: bytes | None, topic: str = "out") -> Outcome:
    return Outcome(Record("in", 2, offset, b"k", b"v", (), 0), "kind", Message(topic, key, value))


async def commit(broker: FakeBroker, outcomes: Sequence[Outcome]) -> None:
    await IdempotentSink(broker, broker, INPUT).commit(outcomes, 100)


async def test_each_key_goes_where_any_other_client_would_put_it_in_order() -> None:
    broker, keys = FakeBroker(), [f"ключ-{i % 23}".encode() for i in range(200)]
    await commit(broker, [outcome(i, key, b"%d" % i) for i, key in enumerate(keys)])
    for topic, partition, records in broker.sent:
        offsets = [int(dict(record.headers)[ORIGIN_OFFSET]) for record in records]
        assert offsets == sorted(offsets)
        for record in records:
            assert DefaultPartitioner()(record.key, PARTITIONS[topic], PARTITIONS[topic]) == partition
    assert sum(len(records) for _, _, records in broker.sent) == 200
    assert broker.committed == [{INPUT: (100, "")}]


async def test_full_batch_is_followed_by_another_and_a_large_message_travels_alone() -> None:
    broker = FakeBroker()
    sizes = [1_500, 1_500, 1_500, 9_000, 10]
    await commit(broker, [outcome(i, b"k", b"x" * size) for i, size in enumerate(sizes)])
    assert [[len(record.value) for record in records] for _, _, records in broker.sent] == [
        [1_500, 1_500],
        [1_500],
        [9_000],
        [10],
    ]


async def test_topics_tombstones_and_missing_keys_are_kept_apart() -> None:
    broker = FakeBroker()
    await commit(broker, [outcome(0, b"k", None), outcome(1, None, b"v", "letters"), outcome(2, b"", None, "letters")])
    written = {(topic, record.key, record.value) for topic, _, records in broker.sent for record in records}
    assert written == {("out", b"k", None), ("letters", None, b"v"), ("letters", b"", None)}


@pytest.mark.parametrize("fails_on", [0, 1, 2])
async def test_one_unconfirmed_batch_leaves_the_offset_where_it_was(fails_on: int) -> None:
    broker = FakeBroker(fails_on=fails_on)
    with pytest.raises(DeliveryFailed):
        await commit(broker, [outcome(i, b"k", b"x" * 3_000) for i in range(3)])
    assert len(broker.sent) == 3 and broker.committed == []


async def test_nothing_to_send_commits_at_once() -> None:
    broker = FakeBroker()
    await commit(broker, [])
    assert broker.sent == [] and broker.committed == [{INPUT: (100, "")}]
