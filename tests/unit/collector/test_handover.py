"""An article leaves the outbox when the gateway has answered 202, and not before."""

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from schemas.raw_article import RawArticle
from services.collector import outbox
from services.collector.handover import HandOver, new_gateway_client
from services.collector.metrics import new_metrics
from services.collector.state import State, opened_state

NOW = 1_000.0


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with opened_state(tmp_path / "state.sqlite") as state:
        for number in range(3):
            url = f"https://a.example/{number}"
            await state(outbox.enclose, url, RawArticle(url=url, title="ज़िला", text=f"वर्षा {number} 🌧"), NOW)
        yield state


def handing_over(state: State, handle: Callable[[httpx.Request], httpx.Response], concurrency: int = 1) -> HandOver:
    client = httpx.AsyncClient(base_url="http://gateway:8080", transport=httpx.MockTransport(handle))
    return HandOver(state, client, lambda: NOW, random.Random(1).random, new_metrics(), concurrency)


def accepted(status: str = "accepted") -> httpx.Response:
    return httpx.Response(202, json={"article_id": "1", "status": status})


async def test_what_is_accepted_or_known_leaves_the_outbox(state: State) -> None:
    bodies: list[bytes] = []

    def handle(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/v1/articles")
        bodies.append(request.content)
        return accepted("duplicate" if len(bodies) == 2 else "accepted")

    over = handing_over(state, handle, concurrency=8)
    assert await over.hand_over_due() == 3
    assert await state(outbox.waiting) == 0
    assert RawArticle.model_validate_json(bodies[0]).text == "वर्षा 0 🌧"
    count = over.metrics.handed_over
    assert [count.labels(outcome=each)._value.get() for each in ("accepted", "duplicate")] == [2, 1]


@pytest.mark.parametrize("status", [200, 201, 204, 302])
async def test_only_202_counts(state: State, status: int) -> None:
    assert await handing_over(state, lambda request: httpx.Response(status)).hand_over_due() == 1
    assert await state(outbox.waiting) == 3  # tried, and to be tried again later


@pytest.mark.parametrize("status", [401, 403, 404, 429, 502, 503, 504])
async def test_a_gateway_in_trouble_keeps_everything_in_the_outbox(state: State, status: int) -> None:
    over = handing_over(state, lambda request: httpx.Response(status, headers={"Retry-After": "0"}, json={"title": "no"}))
    assert await over.hand_over_due() == 0
    assert over.trouble == f"the gateway answers {status}: no"
    assert [letter.failures for letter in await state(outbox.due, NOW, 9)] == [0, 0, 0]


async def test_no_gateway_at_all(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)

    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    over = handing_over(state, handle)
    for _ in range(8):
        assert await over.hand_over_due() == 0
    assert over.trouble is not None and "nobody there" in over.trouble
    assert 0.5 <= waits[0] <= 1 and 30 <= waits[-1] <= 60
    assert await state(outbox.waiting) == 3


@pytest.mark.parametrize("status", [400, 413, 415, 422])
async def test_what_is_refused_for_good_leaves_and_its_page_says_why(state: State, status: int) -> None:
    over = handing_over(state, lambda request: httpx.Response(status, json={"title": "no text"}), concurrency=8)
    assert await over.hand_over_due() == 3
    assert await state(outbox.waiting) == 0
    assert over.metrics.handed_over.labels(outcome="refused")._value.get() == 3


async def test_an_article_that_the_gateway_chokes_on_does_not_hold_up_the_others(state: State) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if b"/0" in request.content else accepted()

    over = handing_over(state, handle, concurrency=8)
    await over.hand_over_due()
    assert await state(outbox.waiting) == 1
    assert await state(outbox.due, NOW, 9) == []
    assert [letter.failures for letter in await state(outbox.due, NOW + 10, 9)] == [1]


def test_the_key_goes_as_a_bearer_token() -> None:
    assert new_gateway_client("http://127.0.0.1:1", "k").headers["Authorization"] == "Bearer k"
    assert "Authorization" not in new_gateway_client("http://127.0.0.1:1", None).headers
