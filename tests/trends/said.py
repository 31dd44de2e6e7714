"""What the service said, read from its topics as any consumer would: the newest record of each key holds."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.dead_letter import DeadLetter
from schemas.duplicate import Duplicate
from schemas.publication_date import parse_moment
from schemas.topics import NEWS_DUPLICATES, NEWS_ENRICHED_DLQ, NEWS_TRENDS
from schemas.trend import Trend
from tests.support.kafka import Broker
from tests.trends.recount import Key, Place, Said, Window

Pair = tuple[bytes | None, bytes | None]
Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"


@dataclass
class Heard:
    """All that the service said so far."""

    windows: dict[Window, Said] = field(default_factory=dict)
    rising: set[Window] = field(default_factory=set)
    """Every quarter of an hour that a record ever called unusual for its key."""
    copies: dict[str, Duplicate] = field(default_factory=dict)
    """By article_id, what is a copy of what now."""
    dead: dict[Place, int] = field(default_factory=dict)
    """How often each place of news.enriched was dead-lettered."""
    published: int = 0
    """Records of news.trends."""

    def hear_trends(self, records: Iterable[Pair]) -> None:
        """Records of news.trends, each key's in order."""
        for key, value in records:
            window = window_of(key or b"")
            if value is None:
                self.windows.pop(window, None)
                continue
            trend = Trend.model_validate_json(value)
            assert trend.key == key, "a record's key is what it says of itself"
            self.windows[window] = said(trend)
            if trend.burst.rising:
                self.rising.add(window)

    def hear_duplicates(self, records: Iterable[Pair]) -> None:
        """Records of news.duplicates, each key's in order."""
        for key, value in records:
            assert key is not None
            if value is None:
                self.copies.pop(key.decode(), None)
            else:
                self.copies[key.decode()] = Duplicate.model_validate_json(value)

    def hear_dead_letters(self, headers: Iterable[Iterable[tuple[str, bytes]]]) -> None:
        """Headers of news.enriched.dlq."""
        for each in headers:
            letter = DeadLetter.from_headers(tuple(each))
            place = (letter.partition, letter.offset)
            self.dead[place] = self.dead.get(place, 0) + 1


def window_of(key: bytes) -> Window:
    """The window that a key of news.trends names."""
    kind, type_, name, language, start = orjson.loads(key)
    return Key(kind, type_ or "", name, language), int(parse_moment(start).timestamp())


def said(trend: Trend) -> Said:
    """The numbers of a record."""
    return Said(trend.originals, trend.duplicates, trend.sources, trend.sources_complete, trend.sentiment, trend.scored)


async def hear(broker: Broker) -> Heard:
    """Reads the topics from their beginnings."""
    heard = Heard()
    async for batch in batches_of(broker, NEWS_TRENDS.name):
        heard.hear_trends((record.key, record.value) for record in batch)
        heard.published += len(batch)
    async for batch in batches_of(broker, NEWS_DUPLICATES.name):
        heard.hear_duplicates((record.key, record.value) for record in batch)
    async for batch in batches_of(broker, NEWS_ENRICHED_DLQ.name):
        heard.hear_dead_letters(record.headers for record in batch)
    return heard


async def batches_of(broker: Broker, topic: str) -> AsyncIterator[Sequence[Record]]:
    """Everything that a reader of committed records sees on the topic now, piece by piece: there may be a million."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, each) for each in sorted(await consumer._client._wait_on_metadata(topic) or ())])
        for partition, end in (await consumer.end_offsets(consumer.assignment())).items():
            while await consumer.position(partition) < end:
                for records in (await consumer.getmany(partition, timeout_ms=200)).values():
                    yield records
    finally:
        await consumer.stop()
