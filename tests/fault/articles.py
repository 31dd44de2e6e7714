"""What a run publishes: articles in several scripts, many of them revised again and again, and records that are up to no good."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.identity import article_id
from schemas.topics import NEWS_RAW
from services.runtime.partitioning import partition_of
from services.runtime.sink import new_producer
from tests.support.bad_input import article
from tests.support.kafka import Broker, publish_unreadable

_TEXTS = ("Überschwemmung in Győr", "فيضان في كيسومو", "किसुमु में बाढ़", "基苏木洪水 🌊", "Flood in Kisumu")

# An article is revised so often and then left alone; so many are being revised at the same time.
REVISIONS, _LIVELY = 25, 40
_WITHDRAWN = 0.02
_MAX_REQUEST_BYTES = 16_000_000
_TRIES = 5

Place = tuple[int, int]


class Publisher:
    """A scraper that writes to news.raw; what is there counts, and not what it meant to write."""

    def __init__(self, broker: Broker, chance: random.Random) -> None:
        self._broker, self._random = broker, chance
        self._producer: AIOKafkaProducer | None = None
        self._lively: list[list[int]] = [[number, 0] for number in range(_LIVELY)]
        self._newest = _LIVELY
        self._marked = 0
        self._writing = asyncio.Lock()

    async def publish(self, count: int) -> None:
        """So many records, mixed; returns when the broker has them, or doesn't take them."""
        records = [self._next() for _ in range(count)]
        async with self._writing:
            try:
                producer = await self._started()
                sent = [await producer.send(NEWS_RAW.name, key=key, value=value) for key, value in records]
                await asyncio.gather(*sent)
            except KafkaError:
                await self.close()

    async def publish_marked(self, partition: int, text: str) -> Place:
        """One article with this text, on this partition; where it is."""
        url = self._url_on(partition)
        return await self._surely(article_id(url).encode(), article(url=url, text=f"{text} {self._marked}"))

    async def publish_poison(self, partition: int) -> Place:
        """A record that is no article, on this partition; where it is."""
        return await self._surely(article_id(self._url_on(partition)).encode(), b"no article %d" % self._marked)

    async def publish_unreadable(self, partition: int) -> Place:
        """A record that the client can't read, with two articles behind it in its batch; where it is."""
        urls = [self._url_on(partition) for _ in range(2)]
        behind = [(article_id(url).encode(), article(url=url, text=self._random.choice(_TEXTS))) for url in urls]
        return partition, await publish_unreadable(self._broker, NEWS_RAW.name, partition, behind)

    async def close(self) -> None:
        """Lets go of the connection; the next record makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.stop(), 5)

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = new_producer(self._broker.bootstrap_servers, self._broker.settings, _MAX_REQUEST_BYTES)
            try:
                await producer.start()
            except KafkaError:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _surely(self, key: bytes, value: bytes) -> Place:
        async with self._writing:
            for tries_left in reversed(range(_TRIES)):
                try:
                    sent = await (await self._started()).send_and_wait(NEWS_RAW.name, key=key, value=value)
                    return sent.partition, sent.offset
                except KafkaError:
                    await self.close()
                    if not tries_left:
                        raise
        raise AssertionError("the last try returns or raises")

    def _next(self) -> tuple[bytes, bytes | None]:
        chosen = self._random.choice(self._lively)
        chosen[1] += 1
        number, revision = chosen
        if revision >= REVISIONS:
            chosen[:] = [self._newest, 0]
            self._newest += 1
        url = f"https://herald.example/{number}"
        key = article_id(url).encode()
        if self._random.random() < _WITHDRAWN:
            return key, None
        return key, article(url=url, text=f"{self._random.choice(_TEXTS)} {revision}", revision=revision)

    def _url_on(self, partition: int) -> str:
        while True:
            self._marked += 1
            url = f"https://herald.example/marked/{self._marked}"
            if partition_of(article_id(url).encode(), NEWS_RAW.partitions) == partition:
                return url


@contextlib.asynccontextmanager
async def open_publisher(broker: Broker, chance: random.Random) -> AsyncIterator[Publisher]:
    """A publisher for the block."""
    publisher = Publisher(broker, chance)
    try:
        yield publisher
    finally:
        await publisher.close()
