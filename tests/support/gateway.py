"""The gateway inside a test: the real application and door, on a real broker, asked in process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from schemas.topics import NEWS_RAW
from services.gateway.app import build_app, build_parts, running
from services.gateway.parts import Parts
from services.gateway.settings import GatewaySettings
from services.runtime.settings import KafkaSettings
from tests.support.kafka import Broker, Records, until

HEADERS = {"content-type": "application/json"}

# Scripts that a text path must carry whole.
TEXTS = ("Überschwemmung in Győr", "فيضان في كيسومو", "किसुमु में बाढ़", "基苏木洪水 🌊")


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs."""

    parts: Parts
    client: httpx.AsyncClient

    async def push(self, article: dict[str, Any], **headers: str) -> httpx.Response:
        """Pushes one article."""
        return await self.client.post("/v1/articles", content=orjson.dumps(article), headers={**HEADERS, **headers})

    async def push_lines(self, *lines: bytes, query: str = "", **headers: str) -> httpx.Response:
        """Pushes a batch of NDJSON."""
        given = {"content-type": "application/x-ndjson", **headers}
        return await self.client.post(f"/v1/articles:batch{query}", content=b"\n".join(lines), headers=given)


@contextlib.asynccontextmanager
async def running_gateway(broker: Broker, **settings: Any) -> AsyncIterator[Gateway]:
    """A gateway in this process whose door is open."""
    async with gateway_on(broker.settings, **settings) as gateway:
        await until(lambda: gateway.parts.door.is_open)
        yield gateway


@contextlib.asynccontextmanager
async def gateway_on(kafka: KafkaSettings, **settings: Any) -> AsyncIterator[Gateway]:
    """A gateway in this process, whether its broker is there or not."""
    parts = build_parts(kafka.bootstrap_servers or "", kafka, GatewaySettings(**settings))
    transport = httpx.ASGITransport(build_app(parts))
    async with running(parts), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        yield Gateway(parts, client)


def article(name: str, text: str = TEXTS[0], **fields: Any) -> dict[str, Any]:
    """A raw article under a URL of its own."""
    return {"url": f"https://herald.example/{name}", "text": text, **fields}


async def raw(broker: Broker, name: str) -> Records:
    """What is on news.raw of the articles whose id or URL path it is."""
    records = await broker.read(NEWS_RAW.name)
    return [record for record in records if name.encode() in (record.value or b"") or record.key == name.encode()]


async def together(*requests: Any) -> list[httpx.Response]:
    """The answers to requests that are sent at the same time."""
    return list(await asyncio.gather(*requests))
