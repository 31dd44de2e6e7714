"""A counter as bytes: numbers in columns, each as narrow as its widest number, so that rare keys are small and busy ones quick.

Layout of version 1, little-endian: the head; the spellings of the name in UTF-8, between U+001F; five columns, each a letter for
the width and its numbers. The head tells how many numbers each has.
    small      by bucket: distance from the first, originals, duplicates, scored; by spelling: mentions; partitions
    sentiment  by bucket
    pairs      of bucket and source: distance from the first bucket, or whole when there are more than 64
    mentions   by pair
    offsets    by partition
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

_VERSION = 1
# Version, spellings, bytes of them, partitions, buckets, pairs, first bucket of all, first seen, last pair that was forgotten.
_HEAD = struct.Struct("<BBHHHHIIq")
_NONE = 0xFFFFFFFF
_BETWEEN = "\x1f"
# Up to so many pairs, making them smaller is worth the time.
_FEW = 64


@dataclass(slots=True)
class CounterState:
    """What a counter remembers."""

    buckets: dict[int, list[int]] = field(default_factory=dict)
    """Originals, duplicates, sentiment and scored by bucket."""
    pairs: dict[int, int] = field(default_factory=dict)
    """Mentions by bucket << 32 | source."""
    names: dict[str, int] = field(default_factory=dict)
    """Mentions by spelling."""
    applied: dict[int, int] = field(default_factory=dict)
    """Last offset by partition of news.enriched."""
    first: int | None = None
    """First bucket with a mention, once it has expired."""
    forgotten: int = -1
    """Pairs up to this one were dropped; -1: none was."""


def encode(state: CounterState) -> bytes:
    """The state as bytes; equal states give equal bytes."""
    buckets = sorted(state.buckets)
    names, partitions = sorted(state.names), sorted(state.applied)
    columns = zip(*map(state.buckets.__getitem__, buckets), strict=True) if buckets else ((), (), (), ())
    originals, duplicates, sentiment, scored = columns
    base = min(buckets[0] if buckets else _NONE, min(state.pairs, default=_NONE << 32) >> 32)
    text = _BETWEEN.join(names).encode()
    first = _NONE if state.first is None else state.first
    head = (_VERSION, len(names), len(text), len(partitions), len(buckets), len(state.pairs), base, first, state.forgotten)
    small = [
        *[bucket - base for bucket in buckets],
        *originals,
        *duplicates,
        *scored,
        *map(state.names.__getitem__, names),
        *partitions,
    ]
    return b"".join(
        (
            _HEAD.pack(*head),
            text,
            *_column(small, "bhiq"),
            *_column(sentiment, "hiq"),
            *(_few_pairs(state.pairs, base) if len(state.pairs) <= _FEW else _many_pairs(state.pairs)),
            *_column(list(map(state.applied.__getitem__, partitions)), "Iq"),
        )
    )


def decode(data: bytes) -> CounterState:
    """The state that the bytes were made of.

    Raises:
        ValueError: they are of another version.
    """
    if data[0] != _VERSION:
        raise ValueError(f"a counter of version {data[0]}, not {_VERSION}")
    _, n_names, n_text, n_applied, n_buckets, n_pairs, base, first, forgotten = _HEAD.unpack_from(data)
    at = _HEAD.size + n_text
    names = data[_HEAD.size : at].decode().split(_BETWEEN) if n_names else []
    small, at = _numbers(data, at, 4 * n_buckets + n_names + n_applied)
    sentiment, at = _numbers(data, at, n_buckets)
    pairs, at = _numbers(data, at, n_pairs)
    counts, at = _numbers(data, at, n_pairs)
    offsets, at = _numbers(data, at, n_applied)
    if n_pairs <= _FEW:
        pairs = [pair + (base << 32) for pair in pairs]
    lengths = (n_buckets, n_buckets, n_buckets, n_buckets, n_names, n_applied)
    buckets, originals, duplicates, scored, spelled, partitions = _cut(small, lengths)
    rows = map(list, zip(originals, duplicates, sentiment, scored, strict=True))
    return CounterState(
        buckets=dict(zip([base + bucket for bucket in buckets], rows, strict=True)),
        pairs=dict(zip(pairs, counts, strict=True)),
        names=dict(zip(names, spelled, strict=True)),
        applied=dict(zip(partitions, offsets, strict=True)),
        first=None if first == _NONE else first,
        forgotten=forgotten,
    )


def _few_pairs(pairs: dict[int, int], base: int) -> tuple[bytes, ...]:
    keys = sorted(pairs)
    whole = [pair - (base << 32) for pair in keys]
    return *_column(whole, "Iq"), *_column(list(map(pairs.__getitem__, keys)), "bhiq")


def _many_pairs(pairs: dict[int, int]) -> tuple[bytes, ...]:
    """The same columns; for thousands of pairs numpy takes a third of the time."""
    keys, counts = np.fromiter(pairs, np.int64, len(pairs)), np.fromiter(pairs.values(), np.int64, len(pairs))
    order, low, high = np.argsort(keys), int(counts.min()), int(counts.max())
    width = next(width for width in "bhiq" if np.iinfo(width).min <= low and high <= np.iinfo(width).max)
    return b"q", keys[order].astype("<q").tobytes(), width.encode(), counts[order].astype(f"<{width}").tobytes()


def _column(numbers: Sequence[int], widths: str) -> tuple[bytes, bytes]:
    """The letter of the narrowest width that holds all the numbers, and the numbers in it."""
    for width in widths:
        try:
            column = array(width, numbers)
        except OverflowError:
            continue
        return width.encode(), _little_endian(column).tobytes()
    raise OverflowError("a number of more than 64 bits")


def _numbers(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    """The numbers of the column that begins there, and where the next one begins."""
    column = array(chr(data[at]))
    end = at + 1 + count * column.itemsize
    column.frombytes(data[at + 1 : end])
    return _little_endian(column).tolist(), end


def _little_endian(column: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _cut(numbers: list[int], lengths: tuple[int, ...]) -> list[list[int]]:
    ends = [0]
    for length in lengths:
        ends.append(ends[-1] + length)
    return [numbers[start:end] for start, end in pairwise(ends)]
