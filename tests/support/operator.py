"""The operator's commands against a test's broker, in processes of their own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiokafka import ConsumerRecord

from schemas.decision import Decision
from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_RAW_DLQ_DECISIONS, TOPICS
from services.cli.connection import Connection
from services.cli.reading import ends_with_open_transactions, open_reader, read_until
from services.enricher.stage import Draft, Model
from services.runtime.topic_admin import open_admin
from tests.support.bad_input import article
from tests.support.command import Ended, arguments_of, environment, newsloom
from tests.support.kafka import Broker, Records


async def committed(broker: Broker, topic: str) -> Records:
    """What is on a topic once no transaction is open there: a commit is seen a moment after it was confirmed."""
    async with connection_to(broker) as connection:
        wanted = next((each for each in TOPICS.values() if each.name == topic), replace(NEWS_ENRICHED, name=topic))
        async with open_reader(connection, [wanted]) as consumer:
            async for _ in read_until(consumer, await ends_with_open_transactions(connection, wanted)):
                pass
    return await broker.read(topic)


@dataclass(frozen=True)
class Operator:
    """Somebody at a terminal."""

    broker: Broker
    folder: Path

    async def __call__(self, *arguments: str) -> Ended:
        """Runs a command to its end."""
        return await asyncio.to_thread(newsloom, *arguments, data=self.folder, env=self._env)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Starts a command that the test then meddles with."""
        return await asyncio.create_subprocess_exec(
            *arguments_of(*arguments),
            env=environment(self.folder, self._env),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    @property
    def _env(self) -> dict[str, str]:
        return {"KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers}

    async def decisions(self) -> list[Decision]:
        """All that was decided."""
        records = await committed(self.broker, NEWS_RAW_DLQ_DECISIONS.name)
        return [Decision.model_validate_json(record.value or b"") for record in records]


@dataclass(frozen=True)
class Broken:
    """A language stage with a bug."""

    name: str = "language"
    model: Model = field(default_factory=lambda: Model("broken", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        raise ZeroDivisionError


def articles(name: str, count: int) -> list[tuple[bytes, bytes]]:
    """Keys and values of so many articles, in several scripts."""
    texts = ("Überschwemmung in Győr", "فيضان في كيسومو", "किसुमु में बाढ़", "基苏木洪水 🌊")
    urls = [f"https://herald.example/{name}/{number}" for number in range(count)]
    return [
        (article_id(url).encode(), article(url=url, text=f"{texts[number % len(texts)]} {number}"))
        for number, url in enumerate(urls)
    ]


def header(record: ConsumerRecord[bytes | None, bytes | None], name: str) -> bytes | None:
    """The value of a header; None without it."""
    return dict(record.headers).get(name)


def keys(records: Iterable[ConsumerRecord[bytes | None, bytes | None]]) -> list[bytes]:
    """The keys, sorted, as often as they occur."""
    return sorted(record.key or b"" for record in records)


@contextlib.asynccontextmanager
async def connection_to(broker: Broker) -> AsyncIterator[Connection]:
    """What the commands' own functions take."""
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    try:
        yield Connection(broker.bootstrap_servers, broker.settings, admin)
    finally:
        await admin.close()
