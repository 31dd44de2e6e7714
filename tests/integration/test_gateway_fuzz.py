"""Bodies that nobody would send on purpose: no crash, no 5xx, no growth of memory."""

import gzip
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from backports import zstd
from starlette.types import ASGIApp

from benchmarks.process import resident_bytes
from services.gateway.app import build_app
from tests.support.bad_input import BAD, WARNED
from tests.support.gateway import TEXTS, article, running_gateway
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

BODIES = 100_000 if os.environ.get("NEWSLOOM_LONG_TESTS") else 3_000
SEED = 20231009

# What the process may grow by after its first third: its window and kept answers are set to almost nothing below.
GROWTH_BYTES = 32 * 1_048_576

_TOKENS = (
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\x00",
    b"\xff",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\n",
    b"\r\n",
    b"1e999",
    b"-0",
    b"null",
)
_JSON, _NDJSON = "application/json", "application/x-ndjson"
_OTHER_TYPES = (_NDJSON, "application/json; charset=utf-8", "text/plain", "")
_PACKS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "identity": bytes, "gzip": gzip.compress, "zstd": zstd.compress}


def any_article(chance: random.Random) -> bytes:
    """An article, right or with wrong fields, under one of many URLs."""
    found: dict[str, Any] = article(f"fuzz/{chance.randrange(3_000)}", chance.choice(TEXTS) * chance.randrange(1, 40))
    for name in chance.sample(sorted(WARNED), chance.randrange(4)):
        value = chance.choice(WARNED[name])
        found[name] = value if not isinstance(value, int) or abs(value) < 2**63 else -1
    if chance.random() < 0.2:
        found[chance.choice(("url", "text", "title", "extra"))] = chance.choice(
            (None, 7, "", [], {}, "字" * 50, "https://x.example")
        )
    return orjson.dumps(found)


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body with some bytes changed, cut out, doubled or put in."""
    changed = bytearray(body)
    for _ in range(chance.randrange(4)):
        at, length = chance.randrange(len(changed) + 1), chance.randrange(1, 20)
        match chance.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                changed[at:at] = chance.choice(_TOKENS)
            case _:
                del changed[at:]
    return bytes(changed)


def any_request(chance: random.Random) -> tuple[str, list[tuple[bytes, bytes]], bytes]:
    """Path, headers and body."""
    is_batch = chance.random() < 0.4
    several = [chance.choice(BAD).value if chance.random() < 0.05 else any_article(chance) for _ in range(chance.randrange(5))]
    several = [each for each in several if len(each) < 100_000]
    body = chance.choice([b"[" + b",".join(several) + b"]", b"\n".join(several)]) if is_batch else any_article(chance)
    if chance.random() < 0.03:
        body = chance.randbytes(chance.randrange(300))
    encoding = chance.choice(tuple(_PACKS))
    packed = mutated(_PACKS[encoding](mutated(body, chance)), chance) if chance.random() < 0.7 else _PACKS[encoding](body)
    likely = chance.choice((_JSON, _NDJSON)) if is_batch else _JSON
    type_ = chance.choice(_OTHER_TYPES) if chance.random() < 0.1 else likely
    headers = {"host": "127.0.0.1", "content-type": type_, "content-encoding": encoding}
    if chance.random() < 0.1:
        headers["idempotency-key"] = f"k{chance.randrange(50)}"
    path = "/v1/articles:batch" if is_batch else "/v1/articles"
    return path, [(name.encode(), value.encode()) for name, value in headers.items() if value], packed


async def ask(app: ASGIApp, path: str, headers: list[tuple[bytes, bytes]], body: bytes, chance: random.Random) -> int:
    """The status; the body comes in a few chunks. The answer must be whole and, where it is JSON, be JSON."""
    cut = chance.randrange(len(body) + 1)
    incoming = [{"type": "http.request", "body": body[:cut], "more_body": True}, {"type": "http.request", "body": body[cut:]}]
    outgoing: list[Any] = []

    async def receive() -> Any:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        outgoing.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "scheme": "http", "server": None, "client": None, "root_path": ""}, receive, send)
    orjson.loads(b"".join(message.get("body", b"") for message in outgoing[1:]))
    return int(outgoing[0]["status"])


async def test_no_body_crashes_it_is_answered_5xx_or_leaves_memory_behind(broker: Broker) -> None:
    chance, statuses, before = random.Random(SEED), Counter[int](), 0
    bounds = {"window_max_articles": 500, "idempotency_max_answers": 20, "delivery_deadline_s": 20, "stall_after_s": 20}
    async with running_gateway(broker, **bounds) as gateway:
        app = build_app(gateway.parts)
        for number in range(BODIES):
            if number == BODIES // 3:
                before = resident_bytes(os.getpid())
            path, headers, body = any_request(chance)
            status = await ask(app, path, headers, body, chance)
            assert status < 500, (number, path, headers, body[:2_000])
            statuses[status] += 1
        assert gateway.parts.room.held_bytes == 0 and gateway.parts.door.unconfirmed == 0
    grown = resident_bytes(os.getpid()) - before
    print(f"{BODIES} bodies: {dict(sorted(statuses.items()))}, memory {grown / 1_048_576:+.1f} MiB after the first third")
    assert grown < GROWTH_BYTES
    assert {200, 202, 400, 415, 422} <= set(statuses)
