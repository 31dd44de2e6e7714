"""One GET: redirects hop by hop, bounds, conditional requests, and what it says when it fails."""

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from services.collector.errors import FetchFailed, HostUnreachable, Refused
from services.collector.fetch import Answer, Fetcher, FetchLimits, Validators, new_client
from services.collector.politeness import Gate
from services.collector.sources import Source
from services.collector.state import State, opened_state

SOURCE = Source(id="a", name="A", domain="a.example", feeds=("http://a.example/rss",), interval_s=0.0)
LIMITS = FetchLimits(deadline_s=5.0, max_redirects=3, retry_after_max_s=3_600.0)
NOW = 1_000_000.0

Handle = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with opened_state(tmp_path / "state.sqlite") as state:
        yield state


def fetcher(state: State, handle: Handle) -> Fetcher:
    async def sleep(seconds: float) -> None:
        raise AssertionError("nobody waits here")

    gate = Gate(state, lambda: NOW, sleep, random.Random(1).random, 60.0, 3_600.0)
    client = new_client(httpx.MockTransport(handle), "newsloom/1 (+desk@a.example)", {"read": 1.0, "connect": 1.0})
    return Fetcher(lambda source: client, gate, lambda: NOW, LIMITS)


async def streamed(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def anywhere(url: str) -> float:
    return 0.0


async def get(state: State, handle: Handle, url: str = "http://a.example/1", **options: object) -> Answer:
    return await fetcher(state, handle).get(url, SOURCE, anywhere, 1_000, **options)  # type: ignore[arg-type]


async def test_it_says_who_asks_and_sends_no_cookies_back(state: State) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"Set-Cookie": "meter=1"}, content=streamed(b"x"))

    asking = fetcher(state, handle)
    for _ in range(2):
        await asking.get("http://a.example/1", SOURCE, anywhere, 1_000)
    assert seen[1].headers["User-Agent"] == "newsloom/1 (+desk@a.example)"
    assert "Cookie" not in seen[1].headers


async def test_validators_go_out_and_come_back(state: State) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["If-None-Match"] == '"1"' and request.headers["If-Modified-Since"] == "yesterday"
        return httpx.Response(304, headers={"ETag": '"1"'})

    answer = await get(state, handle, validators=Validators('"1"', "yesterday"))
    assert (answer.status, answer.validators) == (304, Validators('"1"', None))


@pytest.mark.parametrize(
    "inside", ["http://169.254.169.254/", "http://2852039166/", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd"]
)
async def test_a_redirect_inside_is_not_followed(state: State, inside: str) -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": inside})

    with pytest.raises(Refused):
        await get(state, handle)
    assert asked == ["http://a.example/1"]


async def test_every_hop_is_checked(state: State) -> None:
    checked: list[str] = []

    async def check(url: str) -> float:
        checked.append(url)
        return 0.0

    def handle(request: httpx.Request) -> httpx.Response:
        hops = {"/1": "/2", "/2": "https://b.example/3"}
        to = hops.get(request.url.path)
        return httpx.Response(301, headers={"Location": to}) if to else httpx.Response(200, content=streamed(b"end"))

    answer = await fetcher(state, handle).get("http://a.example/1", SOURCE, check, 1_000)
    assert checked == ["http://a.example/1", "http://a.example/2", "https://b.example/3"]
    assert (answer.url, answer.body) == ("https://b.example/3", b"end")


async def test_redirects_have_an_end(state: State) -> None:
    with pytest.raises(Refused) as refusal:
        await get(state, lambda request: httpx.Response(302, headers={"Location": "/1"}))
    assert refusal.value.reason == "redirects"


async def test_a_declared_size_over_the_bound_is_refused_before_it_is_read(state: State) -> None:
    with pytest.raises(Refused) as refusal:
        await get(state, lambda request: httpx.Response(200, headers={"Content-Length": "1001"}, content=streamed(b"")))
    assert refusal.value.reason == "too_large"


async def test_too_many_requests_blocks_the_host_until_retry_after(state: State) -> None:
    asking = fetcher(state, lambda request: httpx.Response(429, headers={"Retry-After": "120"}))
    with pytest.raises(FetchFailed) as failure:
        await asking.get("http://a.example/1", SOURCE, anywhere, 1_000)
    assert (failure.value.reason, failure.value.retry_at) == ("status_429", NOW + 120)
    with pytest.raises(FetchFailed) as failure:
        await asking.get("http://a.example/other", SOURCE, anywhere, 1_000)
    assert failure.value.reason == "host_waits"


async def test_an_unreachable_host_is_remembered_over_a_restart(state: State) -> None:
    calls = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise httpx.ConnectError("nobody there")

    with pytest.raises(HostUnreachable) as failure:
        await get(state, handle)
    assert failure.value.retry_at is not None and failure.value.retry_at >= NOW + 30
    with pytest.raises(FetchFailed, match="may not be asked yet"):
        await get(state, handle)  # a new gate on the same state
    assert calls == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.RemoteProtocolError("cut"), "broken_answer"),
        (httpx.ReadError(""), "broken_answer"),
    ],
)
async def test_a_broken_answer_is_tried_again_later(state: State, error: Exception, reason: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(FetchFailed) as failure:
        await get(state, handle)
    assert failure.value.reason == reason


@pytest.mark.parametrize(
    ("header", "charset", "media_type"),
    [
        ("text/html; charset=KOI8-R", "koi8-r", "text/html"),
        ('Text/HTML;charset="Shift_JIS"', "shift_jis", "text/html"),
        ("application/xml", None, "application/xml"),
        ("", None, ""),
    ],
)
def test_what_content_type_says(header: str, charset: str | None, media_type: str) -> None:
    answer = Answer("http://a.example/", 200, httpx.Headers({"Content-Type": header}))
    assert (answer.charset, answer.media_type) == (charset, media_type)
