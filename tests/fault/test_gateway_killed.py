"""A gateway killed under load, and its broker too: what was answered 202 is on news.raw, and nothing is there twice."""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.identity import content_digest
from schemas.topics import NEWS_RAW
from services.runtime.local_kafka import LocalKafka
from services.runtime.topic_admin import apply_topics, open_admin
from tests.support.gateway import TEXTS
from tests.support.gateway_process import GatewayProcess, Scraper, free_port
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

IS_LONG = bool(os.environ.get("NEWSLOOM_LONG_TESTS"))
KILLS, RESTARTS = (20, 5) if IS_LONG else (3, 1)
SCRAPERS = 8
_PATIENCE_S = 60.0


@dataclass
class Scene:
    """A broker that can be ended and begun again on the same records, a gateway, and scrapers."""

    folder: Path
    port: int
    kafka: LocalKafka
    gateway: GatewayProcess
    scraper: Scraper
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    promised: list[tuple[str, str]] = field(default_factory=list)
    """Article id and digest of everything that was answered 202."""

    async def restart_broker(self) -> None:
        """Kills it, and starts it on what it had written."""
        assert self.kafka.pid is not None
        os.kill(self.kafka.pid, signal.SIGKILL)
        await asyncio.to_thread(self.kafka.stop)
        self.kafka = LocalKafka(self.folder, port=self.port)
        await asyncio.to_thread(self.kafka.start)

    async def restart_gateway(self) -> None:
        """Kills it, and starts it on the same port."""
        assert await self.gateway.end(signal.SIGKILL) == -signal.SIGKILL
        await self.gateway.start()

    async def scrape(self, number: int) -> None:
        """One new article after the other, sometimes changed, sometimes an old one once more."""
        chance, own = random.Random(number), [_article(number, 0, 0)]
        async with httpx.AsyncClient(timeout=10) as client:
            while not self.stop.is_set():
                pushed = self._next(chance, own, number)
                answer = await self.scraper.push(client, pushed)
                self.promised.append((answer["article_id"], content_digest(None, pushed["text"])))

    def _next(self, chance: random.Random, own: list[dict[str, Any]], number: int) -> dict[str, Any]:
        if chance.random() < 0.2:
            return own[-1]
        if chance.random() < 0.1:
            own[-1] = own[-1] | {"text": own[-1]["text"] + " +"}
            return own[-1]
        own.append(_article(number, len(own), 0))
        return own[-1]


def _article(scraper: int, number: int, version: int) -> dict[str, Any]:
    url = f"https://herald.example/killed/{scraper}/{number}"
    return {"url": url, "text": f"{TEXTS[number % len(TEXTS)]} {number} {version}" + " …" * 300}


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    port = free_port()
    kafka = LocalKafka(folder, port=port)
    await asyncio.to_thread(kafka.start)
    gateway = GatewayProcess(kafka.bootstrap_servers)
    staged = Scene(folder, port, kafka, gateway, Scraper(gateway.url))
    try:
        broker = Broker(kafka.bootstrap_servers)
        admin = await open_admin(broker.bootstrap_servers, broker.settings)
        await apply_topics(admin)
        await admin.close()
        await gateway.start()
        yield staged
    finally:
        if gateway.process is not None:
            await gateway.end(signal.SIGKILL)
        await asyncio.to_thread(staged.kafka.stop)


async def _more(staged: Scene, count: int) -> None:
    """Waits until so many more articles were answered 202."""
    wanted = len(staged.promised) + count
    async with asyncio.timeout(_PATIENCE_S):
        while len(staged.promised) < wanted:
            await asyncio.sleep(0.02)


async def _hurt(staged: Scene) -> None:
    chance = random.Random(7)
    events = ["gateway"] * KILLS
    for place in range(RESTARTS):
        events.insert((place * len(events)) // RESTARTS + 1, "broker")
    for event in events:
        await _more(staged, chance.randrange(50, 300))
        await (staged.restart_gateway if event == "gateway" else staged.restart_broker)()
    await _more(staged, 100)


async def test_nothing_answered_is_lost_and_nothing_retried_is_there_twice(tmp_path: Path) -> None:
    async with scene(tmp_path / "kafka") as staged:
        scraping = [asyncio.create_task(staged.scrape(number)) for number in range(SCRAPERS)]
        try:
            await _hurt(staged)
        finally:
            staged.stop.set()
            done, late = await asyncio.wait(scraping, timeout=_PATIENCE_S)
            _ = [task.cancel() for task in late]
        assert not late and not [task.exception() for task in done if task.exception()]
        assert await staged.gateway.end() == 0
        records = await Broker(staged.kafka.bootstrap_servers).read(NEWS_RAW.name)
        await staged.gateway.start()
    written = Counter(
        ((record.key or b"").decode(), dict(record.headers)["newsloom.content_digest"].decode()) for record in records
    )
    lost = set(staged.promised) - set(written)
    twice = {found: count for found, count in written.items() if count > 1}
    print(
        f"{KILLS} kills, {RESTARTS} broker restarts: {len(staged.promised)} answered 202 "
        f"({staged.scraper.statuses}), {staged.scraper.retries} retries, {len(records)} records, "
        f"lost {len(lost)}, twice {len(twice)}"
    )
    assert staged.scraper.retries > 0
    assert not lost and not twice
    assert _revisions_count_up(records)


def _revisions_count_up(records: Any) -> bool:
    """Whether the records of each article are numbered 0, 1, 2 … in the order they are in."""
    by_key: dict[bytes, list[int]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(int(dict(record.headers)["newsloom.revision"]))
    return all(revisions == list(range(len(revisions))) for revisions in by_key.values())
