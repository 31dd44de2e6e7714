"""How far the service has come, as the broker knows it: what its group has committed on each topic."""

import asyncio
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import NEWS_ENRICHED, NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS, Topic
from services.runtime.topic_admin import open_admin
from tests.support.kafka import Broker
from tests.trends.recount import Place
from tests.trends.workers import GROUP

_LOOK_EVERY_S = 0.2
_STANDSTILL_S = 180.0


class StandsStill(Exception):
    """The service doesn't get on."""


@dataclass
class Progress:
    """Compares what was committed with the places of what was written."""

    admin: AIOKafkaAdminClient
    consumer: AIOKafkaConsumer
    places: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Offsets of the committed records of news.enriched by partition; offsets between them are nobody's."""

    def wrote(self, place: Place) -> None:
        """Takes note of a record."""
        self.places[place[0]].append(place[1])

    @property
    def written(self) -> int:
        """How many records there are."""
        return sum(map(len, self.places.values()))

    async def handled(self) -> int:
        """How many of them the service has committed."""
        committed = await self._committed()
        return sum(
            bisect_left(offsets, committed.get(TopicPartition(NEWS_ENRICHED.name, partition), 0))
            for partition, offsets in self.places.items()
        )

    async def until_handled(self, count: int) -> None:
        """Returns when so many are committed; raises StandsStill when none is for a long time."""
        await self._until(lambda handled: handled >= count, "records handled")

    async def until_idle(self) -> None:
        """Returns when everything that is there has gone through all three stages and is published; raises StandsStill."""
        await self._until(lambda handled: handled >= self.written, "records handled")
        for topic in (NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS):
            await self._until_done(topic)

    async def _until(self, is_so: Callable[[int], bool], what: str) -> None:
        best, since = -1, time.monotonic()
        while not is_so(handled := await self.handled()):
            if handled > best:
                best, since = handled, time.monotonic()
            if time.monotonic() > since + _STANDSTILL_S:
                raise StandsStill(f"{handled} of {self.written} {what}, and no more for {_STANDSTILL_S:g} s")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _until_done(self, topic: Topic) -> None:
        partitions = [TopicPartition(topic.name, each) for each in range(topic.partitions)]
        deadline = time.monotonic() + _STANDSTILL_S
        while True:
            ends = await self.consumer.end_offsets(partitions)
            committed = await self._committed()
            if all(committed.get(partition, 0) >= end for partition, end in ends.items()):
                return
            if time.monotonic() > deadline:
                missing = {each.partition: end - committed.get(each, 0) for each, end in ends.items()}
                raise StandsStill(f"{topic.name} isn't done after {_STANDSTILL_S:g} s: {missing} records left by partition")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _committed(self) -> Mapping[TopicPartition, int]:
        try:
            found = await self.admin.list_consumer_group_offsets(GROUP)
        except KafkaError:  # the group's coordinator is still in the making
            return {}
        return {partition: offset.offset for partition, offset in found.items()}


@asynccontextmanager
async def open_progress(broker: Broker) -> AsyncIterator[Progress]:
    """For the block."""
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
    try:
        await consumer.start()
        yield Progress(admin, consumer)
    finally:
        await consumer.stop()
        await admin.close()
