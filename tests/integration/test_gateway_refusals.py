"""Everything that the gateway refuses, and how it says so: problem details, keys, rates, quotas, a broker that is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import orjson
import pytest

from schemas.identity import article_id
from services.gateway.delivery import Delivery
from services.gateway.intake import Intake
from services.gateway.keys import new_key
from services.runtime.settings import KafkaSettings
from tests.support.gateway import HEADERS, TEXTS, Gateway, article, gateway_on, raw, running_gateway
from tests.support.kafka import Broker, until

pytestmark = pytest.mark.kafka

PUSH, BATCH = "/v1/articles", "/v1/articles:batch"


@pytest.fixture(scope="module")
async def gateway(broker: Broker) -> AsyncIterator[Gateway]:
    async with running_gateway(broker, article_max_bytes=100_000, batch_max_bytes=200_000, body_timeout_s=0.3) as running:
        yield running


def is_problem(answer: httpx.Response) -> bool:
    """Whether it is a problem document that says the same as the response."""
    document = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and document["status"] == answer.status_code
        and document["type"].startswith("https://newsloom.example/problems/")
        and bool(document["title"])
        and bool(document["detail"])
    )


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/nowhere", {}, b"", 404),
        ("GET", PUSH, {}, b"", 405),
        ("PUT", PUSH, {}, b"", 405),
        ("OPTIONS", PUSH, {"origin": "https://evil.example", "access-control-request-method": "POST"}, b"", 405),
        ("POST", PUSH, {}, b"{}", 415),
        ("POST", PUSH, {"content-type": "text/plain"}, b"{}", 415),
        ("POST", PUSH, {"content-type": "application/x-ndjson"}, b"{}", 415),
        ("POST", PUSH, {"content-type": "application/json; charset=latin-1"}, b"{}", 415),
        ("POST", PUSH, {**HEADERS, "content-encoding": "br"}, b"{}", 415),
        ("POST", PUSH, {**HEADERS, "content-encoding": "gzip"}, b"no gzip", 400),
        ("POST", PUSH, {**HEADERS, "content-encoding": "gzip"}, b"\x1f\x8b\x08\x00", 400),
        ("POST", PUSH, {**HEADERS, "content-encoding": "zstd"}, b"no zstd", 400),
        ("POST", PUSH, HEADERS, b"", 422),
        ("POST", PUSH, HEADERS, b"{", 422),
        ("POST", PUSH, HEADERS, b"[]", 422),
        ("POST", PUSH, HEADERS, b'{"url":"https://herald.example/a","text":"caf\xe9"}', 422),
        ("POST", PUSH, HEADERS, b" " * 100_001, 413),
        ("POST", f"{PUSH}?dry_run=maybe", HEADERS, b"{}", 422),
        ("POST", PUSH, {**HEADERS, "idempotency-key": "a b"}, b"{}", 422),
        ("POST", BATCH, {"content-type": "text/csv"}, b"", 415),
        ("POST", BATCH, {**HEADERS, "content-encoding": "zstd"}, b"\x28\xb5\x2f\xfd", 400),
        ("DELETE", f"{PUSH}/no-uuid", {}, b"", 422),
        ("POST", PUSH, {**HEADERS, "host": "evil.example"}, b"{}", 421),
    ],
)
async def test_every_error_is_a_problem_document(
    gateway: Gateway, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = await gateway.client.request(method, path, content=body, headers=headers)
    assert (answer.status_code, is_problem(answer)) == (status, True), answer.text
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("fields", "named", "reason"),
    [
        ({"text": TEXTS[0]}, "url", "invalid_url"),
        ({"url": "/relative", "text": TEXTS[1]}, "url", "invalid_url"),
        ({"url": "https://herald.example/x"}, "text", "no_content"),
        ({"url": "https://herald.example/x", "text": " \n"}, "text", "no_content"),
        ({"url": "https://herald.example/x", "text": 7}, "text", "invalid_shape"),
        ({"url": "https://herald.example/x", "text": "a\x00b"}, "text", "nul_byte"),
    ],
)
async def test_a_required_field_that_is_wrong_is_named(
    gateway: Gateway, fields: dict[str, object], named: str, reason: str
) -> None:
    answer = await gateway.push(fields)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["reason"]) == (422, named, reason)
    assert not any(text in answer.text for text in TEXTS)


async def test_a_body_that_stops_coming_is_given_up(gateway: Gateway) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answer = await gateway.client.post(PUSH, content=stalled(), headers=HEADERS)
    assert (answer.status_code, is_problem(answer)) == (408, True)


def key_file(path: Path, *keys: str) -> Path:
    path.write_text("\n".join(keys), encoding="utf-8")
    return path


def key(name: str, digest: str, **more: object) -> str:
    fields = {"id": name, "hashes": [digest], **more}
    return "[[key]]\n" + "\n".join(f"{field} = {orjson.dumps(value).decode()}" for field, value in fields.items())


async def test_keys_are_needed_limited_and_may_be_forbidden_to_withdraw(broker: Broker, tmp_path: Path) -> None:
    (token, digest), (other, other_digest) = new_key(), new_key()
    file = key_file(
        tmp_path / "keys.toml",
        key("slow", digest, requests_per_s=0.001, burst=3, may_withdraw=False),
        key("short", other_digest, articles_per_day=2),
    )
    withdrawn = f"{PUSH}/{article_id('https://herald.example/x')}"
    async with running_gateway(broker, keys_file=file, host="0.0.0.0") as gateway:
        slow, short = {"authorization": f"Bearer {token}"}, {"authorization": f"bearer {other}"}
        none = await gateway.push(article("keys/1"))
        wrong = await gateway.push(article("keys/1"), authorization=f"Bearer {token}x")
        taken = await gateway.push(article("keys/1"), **slow)
        forbidden = await gateway.client.delete(withdrawn, headers=slow)
        await gateway.push(article("keys/1"), **slow)
        too_many = await gateway.push(article("keys/1"), **slow)
        bodies = [orjson.dumps(article(f"keys/quota-{number}")) for number in range(4)]
        batch = await gateway.push_lines(*bodies, **short)
        used_up = await gateway.push(article("keys/2"), **short)
        seen = await gateway.client.get("/metrics")
    assert (none.status_code, wrong.status_code, taken.status_code, forbidden.status_code) == (401, 401, 202, 403)
    assert none.headers["www-authenticate"].startswith("Bearer") and seen.status_code == 401
    assert (too_many.status_code, int(too_many.headers["retry-after"]) > 100) == (429, True)
    reasons = [each.get("reason") for each in batch.json()["results"]]
    assert reasons.count("quota_used_up") == 2
    assert (used_up.status_code, 0 < int(used_up.headers["retry-after"]) <= 86_401) == (429, True)
    assert all(is_problem(answer) for answer in (none, wrong, forbidden, too_many, used_up))
    (record,) = await raw(broker, "keys/1")
    assert dict(record.headers)["newsloom.pushed_by"] == b"slow"


async def test_a_days_quota_outlives_a_restart(broker: Broker, tmp_path: Path) -> None:
    token, digest = new_key()
    file = key_file(tmp_path / "keys.toml", key("once-a-day", digest, articles_per_day=1))
    answers = []
    for number in range(2):
        async with running_gateway(broker, keys_file=file) as gateway:
            answers.append(await gateway.push(article(f"quota/{number}"), authorization=f"Bearer {token}"))
    assert [answer.status_code for answer in answers] == [202, 429]


async def test_while_no_broker_is_there_everything_is_answered_at_once() -> None:
    async with gateway_on(KafkaSettings(bootstrap_servers="127.0.0.1:1")) as gateway:
        began = time.monotonic()
        answers = [await gateway.push(article("away")), await gateway.push_lines(orjson.dumps(article("away")))]
        ready = await gateway.client.get("/readyz")
        alive = await gateway.client.get("/healthz")
        took = time.monotonic() - began
    assert [answer.status_code for answer in answers] == [503, 503] and all(map(is_problem, answers))
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert took < 1


async def test_the_door_opens_when_the_broker_comes(broker: Broker) -> None:
    """The topic's tail can't be read at first; nothing has to be started again."""
    async with gateway_on(broker.settings) as gateway:
        await until(lambda: gateway.parts.door.is_open)
        assert gateway.parts.door._delivery is not None
        gateway.parts.door._delivery._fail(ConnectionError())
        refused = await gateway.push(article("reopened"))
        await until(lambda: gateway.parts.door.is_open)
        taken = await gateway.push(article("reopened"))
    assert (refused.status_code, taken.status_code) == (503, 202)


async def test_a_record_that_was_written_though_its_delivery_failed_is_found_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the producer says and what is on the topic may differ; the topic is right."""
    settle, failures = Delivery._settle, 1

    def failing_once(self: Delivery, future: "asyncio.Future[object]", settled: Callable[[bool], None]) -> None:
        nonlocal failures
        if not failures:
            return settle(self, future, settled)
        failures -= 1
        told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        told.set_exception(ConnectionError())
        self._unconfirmed[told] = self._unconfirmed.pop(future)
        settle(self, told, settled)

    monkeypatch.setattr(Delivery, "_settle", failing_once)
    async with running_gateway(broker) as gateway:
        failed = await gateway.push(article("doubtful"))
        await until(lambda: gateway.parts.door.is_open)
        again = await gateway.push(article("doubtful"))
    assert (failed.status_code, is_problem(failed)) == (503, True)
    assert (again.status_code, again.json()["status"]) == (202, "duplicate")
    assert len(await raw(broker, "herald.example/doubtful")) == 1


async def test_a_bug_is_a_problem_without_a_word_of_the_article(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(self: Intake, value: bytes, *_: object) -> None:
        raise ValueError(value.decode())

    async with running_gateway(broker) as gateway:
        monkeypatch.setattr(Intake, "article", broken)
        answers = [await gateway.push(article("bug", text)) for text in TEXTS]
        answers.append(await gateway.push_lines(orjson.dumps(article("bug", TEXTS[0]))))
    said = "".join(capfd.readouterr())
    assert [answer.status_code for answer in answers] == [500] * 5 and all(map(is_problem, answers))
    assert not any(text in answer.text for text in TEXTS for answer in answers)
    assert "ValueError" in said and not any(text in said for text in TEXTS)
