"""A throw-away Apache Kafka for one benchmark, and what a benchmark does with it: publish, wait, read back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.topics import NEWS_ENRICHED, NEWS_RAW_DLQ
from services.runtime.local_kafka import LocalKafka
from services.runtime.settings import KafkaSettings
from services.runtime.sink import new_producer
from services.runtime.topic_admin import apply_topics, open_admin

KeyedValue = tuple[bytes | None, bytes]
Offsets = dict[TopicPartition, int]

_PROPERTIES = {
    "log.message.timestamp.type": "LogAppendTime",  # the broker's clock times both sides alike
    "log.cleaner.enable": "false",  # rounds write the same keys; compaction would take the earlier ones away
}
_HEAP_MIB = 1024
_LOOK_EVERY_S = 0.25
_IN_FLIGHT = 2_000


class RanTooLong(Exception):
    """What was measured didn't finish in time, or its process ended before."""


@dataclass(frozen=True)
class BenchBroker:
    """A started broker with the topics of the list."""

    bootstrap_servers: str
    consumer: AIOKafkaConsumer
    """Belongs to no group; reads what came out."""

    @property
    def settings(self) -> KafkaSettings:
        """How to reach it."""
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers)

    async def publish(self, topic: str, records: Iterable[KeyedValue]) -> None:
        """Writes the records in order and waits until all are confirmed."""
        producer = new_producer(self.bootstrap_servers, self.settings, NEWS_ENRICHED.max_message_bytes)
        await producer.start()
        try:
            sent: list[asyncio.Future[object]] = []
            for key, value in records:
                sent.append(await producer.send(topic, key=key, value=value))
                if len(sent) >= _IN_FLIGHT:
                    await asyncio.gather(*sent)
                    sent.clear()
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def ends(self, *topics: str) -> Offsets:
        """The end of every partition of the topics."""
        partitions = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in sorted(await self.consumer._client._wait_on_metadata(topic) or ())
        ]
        ends: Offsets = await self.consumer.end_offsets(partitions)
        return ends

    async def until_answered(
        self, since: Offsets, count: int, deadline_s: float, goes_on: Callable[[], bool] = lambda: True
    ) -> None:
        """Returns when so many enriched records and dead letters were written since.

        Raises:
            RanTooLong: not within the deadline, or `goes_on` said no.
        """
        deadline = time.monotonic() + deadline_s
        while (answered := await self.answered(since)) < count:
            if time.monotonic() > deadline or not goes_on():
                raise RanTooLong(f"{answered} of {count} records were answered")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def answered(self, since: Offsets) -> int:
        """How many enriched records and dead letters were written since."""
        now = await self.ends(NEWS_ENRICHED.name, NEWS_RAW_DLQ.name)
        return sum(now.values()) - sum(since[partition] for partition in now)

    async def read(self, since: Offsets, until: Offsets) -> list[ConsumerRecord[bytes, bytes]]:
        """Every record between the offsets."""
        found: list[ConsumerRecord[bytes, bytes]] = []
        self.consumer.assign(list(until))
        for partition, end in until.items():
            self.consumer.seek(partition, since[partition])
            while await self.consumer.position(partition) < end:
                fetched = await self.consumer.getmany(partition, timeout_ms=1_000)
                found += [record for records in fetched.values() for record in records]
        return found


@contextlib.asynccontextmanager
async def started_broker() -> AsyncIterator[BenchBroker]:
    """A broker that compiles what it runs often, as in production; says in one line what it is."""
    async with LocalKafka(heap_mib=_HEAP_MIB, is_quick=False, properties=_PROPERTIES) as kafka:
        print(f"broker     {kafka.description}", flush=True)
        admin = await open_admin(kafka.bootstrap_servers, KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
        try:
            await apply_topics(admin)
        finally:
            await admin.close()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka.bootstrap_servers,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            yield BenchBroker(kafka.bootstrap_servers, consumer)
        finally:
            await consumer.stop()
