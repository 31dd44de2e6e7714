"""A real broker for tests, and the few things that tests do with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.record.util import calc_crc32c

from services.runtime.local_kafka import LocalKafka
from services.runtime.settings import KafkaSettings
from services.runtime.sink import new_producer
from services.runtime.topic_admin import apply_topics, open_admin, partition_counts

Records = list[ConsumerRecord[bytes | None, bytes | None]]

# The timings that let a test see an expired session without waiting for minutes.
FAST_PROPERTIES: Mapping[str, str] = {
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
}

_DEADLINE_S = 60.0

# Kafka's record batch, version 2: the checksum lies here and covers all that follows it.
_CRC_AT = 17
_READABLE = "readable-header"


@dataclass
class BrokerLines:
    """What the run says at its end."""

    suite: str = ""
    lines: list[str] = field(default_factory=list)


broker_lines = BrokerLines()


@dataclass(frozen=True)
class Broker:
    """A started broker."""

    bootstrap_servers: str

    @property
    def settings(self) -> KafkaSettings:
        """How to reach it."""
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers)

    async def publish(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Writes (key, value) pairs in order and waits until all are confirmed."""
        producer = new_producer(self.bootstrap_servers, self.settings, 16_000_000)
        await producer.start()
        try:
            sent = [await producer.send(topic, key=key, value=value) for key, value in records]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def read(self, topic: str, isolation_level: str = "read_committed") -> Records:
        """Every record that such a reader sees on a topic now, by partition and offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            auto_offset_reset="earliest",
            isolation_level=isolation_level,
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, p) for p in sorted(await _partitions(consumer, topic))]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            found: Records = []
            for partition in partitions:
                while await consumer.position(partition) < ends[partition]:
                    fetched = await consumer.getmany(partition, timeout_ms=1_000)
                    found += [record for records in fetched.values() for record in records]
            return found
        finally:
            await consumer.stop()

    async def delete(self, topic: str) -> None:
        """Deletes a topic; returns when it is gone."""
        admin = await open_admin(self.bootstrap_servers, self.settings)
        try:
            await admin.delete_topics([topic])
            async with asyncio.timeout(_DEADLINE_S):
                while topic in await partition_counts(admin):
                    await asyncio.sleep(0.05)
        finally:
            await admin.close()

    async def end_offset(self, topic: str) -> int:
        """How many records were ever written to a topic, over all partitions."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, p) for p in await _partitions(consumer, topic)]
            return sum((await consumer.end_offsets(partitions)).values())
        finally:
            await consumer.stop()


@contextlib.asynccontextmanager
async def started_broker(properties: Mapping[str, str] | None = None, port: int | None = None) -> AsyncIterator[Broker]:
    """A throw-away broker with the topics of the list, on any free port unless one is given."""
    async with LocalKafka(port=port, properties={**FAST_PROPERTIES, **(properties or {})}) as kafka:
        broker_lines.lines.append(f"{broker_lines.suite}: {_kind(kafka)}")
        broker = Broker(kafka.bootstrap_servers)
        admin = await open_admin(broker.bootstrap_servers, broker.settings)
        try:
            await apply_topics(admin)
        finally:
            await admin.close()
        yield broker


def _kind(kafka: LocalKafka) -> str:
    """What a broker is, without its port and folder: "Apache Kafka 4.3.0 on 127.0.0.1 (Java 17.0.15 from PATH)"."""
    product, _, rest = kafka.description.partition(f" on {kafka.bootstrap_servers} ")
    return f"{product} on 127.0.0.1 {rest.partition(', data in ')[0]}"


async def until(is_so: Callable[[], bool], deadline_s: float = _DEADLINE_S) -> None:
    """Waits until something holds; TimeoutError when it never does."""
    async with asyncio.timeout(deadline_s):
        while not is_so():
            await asyncio.sleep(0.02)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    found = consumer.partitions_for_topic(topic)
    while not found:
        await asyncio.sleep(0.05)
        await consumer._client.force_metadata_update()
        consumer._client.add_topic(topic)
        found = consumer.partitions_for_topic(topic)
    return set(found)


async def publish_unreadable(
    broker: Broker, topic: str, partition: int, behind: Iterable[tuple[bytes | None, bytes | None]] = ()
) -> int:
    """Writes a record that aiokafka can't read back, and others behind it in its batch; the record's offset.

    It has a header whose key is not UTF-8, which other clients may write.
    """
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=b"k", value=b"v", headers=[(_READABLE, b"")])
        for key, value in behind:
            batch.append(timestamp=None, key=key, value=value)
        batch.close()
        buffer = bytearray(batch._builder.build())
        place = buffer.index(_READABLE.encode())
        buffer[place : place + len(_READABLE)] = b"\xff" * len(_READABLE)
        buffer[_CRC_AT : _CRC_AT + 4] = calc_crc32c(bytes(buffer[_CRC_AT + 4 :])).to_bytes(4, "big")
        batch._buffer = buffer
        sent = await (await producer.send_batch(batch, topic, partition=partition))
        return int(sent.offset)
    finally:
        await producer.stop()
