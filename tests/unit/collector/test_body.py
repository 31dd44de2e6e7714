"""Bodies in pieces, compressed or not, and never more of them than allowed."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from services.collector.body import gunzip, read_body
from services.collector.errors import FetchFailed, Refused

TEXT = "Ναυάγιο κοντά στη Θάσο 🌊 حادث 沈船 ".encode() * 500


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def deflated_bare(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(body) + deflater.flush()


@pytest.mark.parametrize("size", [1, 7, 4_096, 1_000_000])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("x-gzip", gzip.compress(TEXT) + b"\0" * 20),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", deflated_bare(TEXT)),
    ],
    ids=["none", "identity", "gzip", "two-members", "padded", "zlib", "bare-deflate"],
)
async def test_any_encoding_in_any_pieces(encoding: str, body: bytes, size: int) -> None:
    assert await read_body(pieces(body, size), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
async def test_one_byte_too_many(encoding: str) -> None:
    body = {"": TEXT, "gzip": gzip.compress(TEXT), "deflate": zlib.compress(TEXT)}[encoding]
    with pytest.raises(Refused) as refusal:
        await read_body(pieces(body, 1_000), encoding, len(TEXT) - 1)
    assert refusal.value.reason == "too_large"
    assert await read_body(pieces(body, 1_000), encoding, 100, truncate=True) == TEXT[:100]


async def test_a_bomb_costs_no_more_memory_than_the_bound() -> None:
    body = gzip.compress(bytes(300_000_000))
    tracemalloc.start()
    with pytest.raises(Refused):
        await read_body(pieces(body, 1_000_000), "gzip", 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"\n{len(body):,} bytes that unpack to 300,000,000: {peak:,} bytes of memory at the most")
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"<html>"), ("gzip", gzip.compress(TEXT)[:-20]), ("deflate", b"\xff\xff"), ("br", b"x"), ("zstd", b"x")],
    ids=["not-gzip", "cut", "not-deflate", "br", "zstd"],
)
async def test_a_body_that_is_not_what_it_says(encoding: str, body: bytes) -> None:
    with pytest.raises(FetchFailed) as failure:
        await read_body(pieces(body, 10), encoding, 1_000_000)
    assert failure.value.reason == "broken_answer"


def test_a_file_in_gzip() -> None:
    assert gunzip(gzip.compress(TEXT), len(TEXT)) == TEXT
    with pytest.raises(Refused):
        gunzip(gzip.compress(TEXT), 10)
