"""Bodies are decoded as they come, and bounded by what they grow to."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from services.gateway.bodies import drain, pieces, require_media_type, whole
from services.gateway.errors import Refused
from services.gateway.limits import Room

PACK: dict[str, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": gzip.compress, "zstd": zstd.compress}
MIB = 1_048_576


def request(*chunks: bytes, disconnects: bool = False, **headers: str) -> Request:
    """A request whose body comes in these chunks."""
    end = {"type": "http.disconnect"} if disconnects else {"type": "http.request", "body": b"", "more_body": False}
    messages: list[Any] = [*({"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks), end]
    given_headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def receive() -> Any:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": given_headers}, receive)


async def read(request: Request, max_bytes: int = 10 * MIB) -> bytes:
    return b"".join([piece async for piece in pieces(request, max_bytes, 1.0)])


async def refusal(request: Request, max_bytes: int = 10 * MIB) -> int:
    with pytest.raises(Refused) as refused:
        await read(request, max_bytes)
    return refused.value.kind.status


@given(st.binary(max_size=3_000), st.integers(1, 700), st.sampled_from(sorted(PACK)))
def test_any_body_comes_out_as_it_was_in_any_chunks(body: bytes, step: int, encoding: str) -> None:
    packed = PACK[encoding](body)
    chunks = [packed[at : at + step] for at in range(0, len(packed), step)]
    assert asyncio.run(read(request(*chunks, content_encoding=encoding))) == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_several_members_are_one_body(encoding: str) -> None:
    pack = PACK[encoding]
    assert await read(request(pack(b"one ") + pack(b"two"), pack(b" three"), content_encoding=encoding)) == b"one two three"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_is_stopped_at_the_limit_and_never_held(encoding: str) -> None:
    packed, largest = PACK[encoding](bytes(300 * MIB)), 0
    assert len(packed) < MIB
    with pytest.raises(Refused) as refused:
        async for piece in pieces(request(packed, content_encoding=encoding), 5 * MIB, 1.0):
            largest = max(largest, len(piece))
    assert refused.value.kind.status == 413 and largest <= 65_536


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_such_thing_are_refused_and_nothing_else_happens(encoding: str, body: bytes) -> None:
    try:
        asyncio.run(read(request(body, content_encoding=encoding)))
    except Refused as refused:
        assert refused.kind.status == 400


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_body_that_breaks_off_is_refused(encoding: str) -> None:
    packed = PACK[encoding](b"text " * 1_000)
    assert await refusal(request(packed[:-3], content_encoding=encoding)) == 400
    assert await refusal(request(b"{", disconnects=True)) == 400


async def test_a_zstd_window_over_8_mb_is_refused() -> None:
    level: dict[int, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.enable_long_distance_matching: 1}
    packer = zstd.ZstdCompressor(options=level)
    packed = packer.compress(bytes(range(256)) * 100_000) + packer.flush()
    assert await refusal(request(packed, content_encoding="zstd"), 10**9) == 400


async def test_what_says_that_it_is_too_large_is_refused_unread() -> None:
    assert await refusal(request(content_length="11"), 10) == 413
    assert await read(request(b"x" * 10, content_length="10"), 10) == b"x" * 10


@pytest.mark.parametrize(
    ("given_type", "status"),
    [
        ("application/json", None),
        ("Application/JSON ; charset=UTF-8", None),
        ('application/json; charset="utf8"', None),
        ("application/json; charset=utf-16", 415),
        ("text/json", 415),
        ("", 415),
    ],
)
def test_media_types(given_type: str, status: int | None) -> None:
    asked = request(content_type=given_type)
    if status is None:
        assert require_media_type(asked, ("application/json",)) == "application/json"
    else:
        with pytest.raises(Refused) as refused:
            require_media_type(asked, ("application/json",))
        assert refused.value.kind.status == status


async def test_all_bodies_together_have_a_bound_and_give_their_room_back() -> None:
    room = Room(1_000)
    with room.share() as first, room.share() as second:
        assert await whole(request(b"x" * 800), first, 10_000, 1.0) == b"x" * 800
        with pytest.raises(Refused) as refused:
            await whole(request(b"x" * 300), second, 10_000, 1.0)
    assert (refused.value.kind.status, room.held_bytes) == (503, 0)
    with room.share() as alone:
        await whole(request(b"x" * 5_000), alone, 10_000, 1.0)


async def test_draining_stops_at_its_bound() -> None:
    chunks = [b"x" * 100] * 50
    asked = request(*chunks)
    await drain(asked, 1_000, 1.0)
    rest = [await asked.receive() for _ in range(5)]
    assert all(message["body"] for message in rest)
