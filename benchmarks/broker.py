"""A throw-away Apache Kafka for one benchmark, and what a benchmark does with it: publish, wait, read back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.runtime.local_kafka import LocalKafka
from services.runtime.settings import KafkaSettings
from services.runtime.sink import new_producer
from services.runtime.topic_admin import apply_topics, ensure_topic, open_admin

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
    admin: AIOKafkaAdminClient

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

    async def until_handled(self, group: str, count: int, deadline_s: float, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Returns when the group has committed so many records of news.raw.

        Raises:
            RanTooLong: not within the deadline, or `goes_on` said no.
        """
        deadline = time.monotonic() + deadline_s
        while (handled := await self.handled(group)) < count:
            if time.monotonic() > deadline or not goes_on():
                raise RanTooLong(f"{handled} of {count} records were handled")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def handled(self, group: str) -> int:
        """How many records of news.raw a group has committed; offsets of what comes out also count transactions."""
        try:
            offsets = await self.admin.list_consumer_group_offsets(group)
        except KafkaError:  # the broker's topic of offsets is still in the making
            return 0
        return sum(max(0, found.offset) for partition, found in offsets.items() if partition.topic == NEWS_RAW.name)

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
async def started_broker(
    partitions: int = NEWS_RAW.partitions, properties: Mapping[str, str] | None = None
) -> AsyncIterator[BenchBroker]:
    """A broker that compiles what it runs often, as in production; says in one line what it is.

    `partitions` are those of news.raw and news.enriched.
    """
    async with LocalKafka(heap_mib=_HEAP_MIB, is_quick=False, properties={**_PROPERTIES, **(properties or {})}) as kafka:
        print(f"broker     {kafka.description}", flush=True)
        async with contextlib.AsyncExitStack() as stack:
            admin = await open_admin(kafka.bootstrap_servers, KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
            stack.push_async_callback(admin.close)
            await ensure_topic(admin, replace(NEWS_RAW, partitions=partitions))
            await apply_topics(admin)
            consumer = AIOKafkaConsumer(
                bootstrap_servers=kafka.bootstrap_servers,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                enable_auto_commit=False,
            )
            await consumer.start()
            stack.push_async_callback(consumer.stop)
            yield BenchBroker(kafka.bootstrap_servers, consumer, admin)
