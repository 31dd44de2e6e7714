"""What is in memory of each key: enough for an upper bound of what it may score (numpy; about 260 bytes a key, all told)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.trends.burst import deviates, upper_bound
from services.trends.counter import Counter
from services.trends.expectation import DAY_BUCKETS, Expectation, Floats
from services.trends.keys import TrendKey

Prints = NDArray[np.int64]

# Mentions in the last hour, and in the last day to the last seven days.
_SPANS = (4, *(days * DAY_BUCKETS for days in range(1, 8)))
_WEEK = _SPANS[-1]
_FIRST_ROWS = 1_024
_ROW = np.dtype(
    [
        ("name", "i8"),
        ("prints", "i8", (2,)),
        ("language", "i4"),
        ("at", "i4"),
        ("last", "i4"),
        ("mentions", "i4", (len(_SPANS),)),
        ("kind", "u1"),
    ]
)
# Sums of mentions, each times a random number of its bucket, tell histories from each other, and add up over languages.
_WEIGHTS = np.random.default_rng(1).integers(-(2**63), 2**63, 4_096, dtype=np.int64)
_NAME_BITS = (1 << 20) - 1
_FIRST_CANDIDATES = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys a question is about."""

    width: int
    """Of the window, in buckets."""
    letters: bytes
    """First bytes of the keys: kinds and types."""
    language: str | None
    """A language range (RFC 4647, basic); None for all."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a name was scored against."""

    print: int
    """Of its history, which it was expected from."""
    expectation: Expectation


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may be among the first."""

    bound: float
    name: int
    print: int
    keys: Sequence[bytes]


class Bounds:
    """At most `max_rows` keys; beyond that those with the fewest mentions in the last day, then in the last week, go."""

    def __init__(self, max_rows: int) -> None:
        """Empty."""
        self._max_rows = max_rows
        self._rows = np.zeros(min(_FIRST_ROWS, max_rows), _ROW)
        self._keys: list[bytes] = []
        self._slots: dict[bytes, int] = {}
        self._free: list[int] = []
        self._languages: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def put(self, key: TrendKey, counter: Counter, now_bucket: int) -> None:
        """Takes in a key as it is now, or drops it when it has no mention."""
        last = counter.last_bucket
        data = key.to_bytes()
        if last is None:
            self.drop(data)
            return
        at = max(now_bucket, last)
        language = self._languages.setdefault(key.language, len(self._languages))
        slot = self._slot(data, now_bucket)
        mentions, prints = _summed(counter, at + 1)
        self._rows[slot] = (name_id(key), prints, language, at, last, mentions, data[0])

    def drop(self, key: bytes) -> None:
        """Forgets a key, if it is known."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._rows[slot]["kind"] = 0
            self._keys[slot] = b""
            self._free.append(slot)

    def candidates(
        self, wanted: Wanted, now_bucket: int, history_start: int, expected: Mapping[int, Expected] | None
    ) -> Iterator[Candidate]:
        """Names from the highest bound down: of the mentions, or, when there is a mapping of what is `expected`, of the score."""
        slots = self._wanted(wanted, now_bucket)
        rows = self._rows[slots]
        names, places = np.unique(rows["name"], return_inverse=True)
        if not len(names):
            return
        members = np.argsort(places, kind="stable")
        starts = np.searchsorted(places[members], np.arange(len(names) + 1))
        column = next((place for place, span in enumerate(_SPANS) if span >= wanted.width), len(_SPANS) - 1)
        is_recent = rows["last"] > now_bucket - wanted.width
        observed: Floats = np.bincount(places, rows["mentions"][:, column] * is_recent).astype(np.float64)
        prints = np.add.reduceat(rows["prints"][members, int(wanted.width > _SPANS[0])], starts[:-1])
        bounds = observed
        if expected is not None:
            is_known = np.bincount(places, rows["mentions"][:, -1]) > observed
            earlier: Floats = np.bincount(places, _earlier(rows, column, history_start)).astype(np.float64)
            history = max(0, now_bucket + 1 - wanted.width - history_start)
            bounds = upper_bound(observed, earlier, is_known, history, wanted.width)
            if wanted.width in _SPANS[:2]:
                _sharpen(bounds, names, prints, observed, expected)
        # Asked for a time before the one that a key was last heard of at, its numbers bound nothing.
        bounds = np.where(np.bincount(places, rows["at"] > now_bucket) > 0, np.inf, bounds)
        for group in _descending(bounds, observed):
            keys = [self._keys[slot] for slot in slots[members[starts[group] : starts[group + 1]]]]
            yield Candidate(float(bounds[group]), int(names[group]), int(prints[group]), keys)

    def _wanted(self, wanted: Wanted, now_bucket: int) -> NDArray[np.intp]:
        """Rows of all names that may have a mention in the window: of each in all languages, for their history."""
        rows = self._rows[: len(self._keys)]
        is_wanted = np.isin(rows["kind"], np.frombuffer(wanted.letters, np.uint8))
        if wanted.language is not None:
            is_wanted &= np.isin(rows["language"], self._in_range(wanted.language))
        # By twenty bits of the name: the few others that share them do no harm, they score nothing.
        bits = rows["name"] & _NAME_BITS
        is_recent = np.zeros(_NAME_BITS + 1, np.bool_)
        is_recent[bits[is_wanted & (rows["last"] > now_bucket - wanted.width)]] = True
        return np.flatnonzero(is_wanted & is_recent[bits])

    def _in_range(self, language: str) -> list[int]:
        return [number for tag, number in self._languages.items() if is_in_range(tag, language)]

    def _slot(self, key: bytes, now_bucket: int) -> int:
        """The key's row, a new one if need be."""
        if key in self._slots:
            return self._slots[key]
        if not self._free and len(self._keys) == self._max_rows:
            self._evict(now_bucket)
        if self._free:
            slot = self._free.pop()
            self._keys[slot] = key
        else:
            slot = len(self._keys)
            self._keys.append(key)
            if slot == len(self._rows):
                self._rows = np.concatenate((self._rows, np.zeros(min(slot, self._max_rows - slot), _ROW)))
        self._slots[key] = slot
        return slot

    def _evict(self, now_bucket: int) -> None:
        """Makes room for a sixteenth, so that it needn't be made for each."""
        day = np.where(self._rows["last"] > now_bucket - DAY_BUCKETS, self._rows["mentions"][:, 1], 0)
        worth = day.astype(np.float64) * 2**32 + self._rows["mentions"][:, -1]
        last = max(1, self._max_rows // 16) - 1
        for slot in np.argpartition(worth, last)[: last + 1]:
            self.drop(self._keys[slot])


def _summed(counter: Counter, end: int) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Mentions in each span before the bucket `end`; prints of what was before the last hour, and before the last day."""
    counts = np.array(counter.mentions(end - _WEEK, end), np.int64)
    days = counts.reshape(-1, DAY_BUCKETS).sum(axis=1)[::-1].cumsum().tolist()
    weighed = counts * _WEIGHTS[np.arange(end - _WEEK, end) % len(_WEIGHTS)]
    before_the_day = int(weighed[:-DAY_BUCKETS].sum())
    between = weighed[-DAY_BUCKETS : -_SPANS[0]].sum(initial=before_the_day)
    return (int(counts[-_SPANS[0] :].sum()), *days), (int(between), before_the_day)


def _sharpen(bounds: Floats, names: Prints, prints: Prints, observed: Floats, expected: Mapping[int, Expected]) -> None:
    """Puts in the very score of names whose history is the one that they were last scored against."""
    ids = np.fromiter(expected, np.int64, len(expected))
    places = np.minimum(np.searchsorted(names, ids), len(names) - 1)
    seen = np.fromiter((each.print for each in expected.values()), np.int64, len(expected))
    is_same = (names[places] == ids) & (prints[places] == seen)
    means = np.fromiter((each.expectation.mean for each in expected.values()), np.float64, len(expected))
    spreads = np.fromiter((each.expectation.spread for each in expected.values()), np.float64, len(expected))
    places = places[is_same]
    bounds[places] = deviates(observed[places], means[is_same], spreads[is_same])


def _descending(bounds: Floats, observed: Floats) -> Iterator[int]:
    """Places from the highest bound down, among equals from the most mentions; what few questions come to is sorted last."""
    first = min(_FIRST_CANDIDATES, len(bounds))
    top = np.argpartition(-bounds, first - 1)
    for part in (top[:first], top[first:]):
        yield from part[np.lexsort((-observed[part], -bounds[part]))].tolist()


def _earlier(rows: NDArray[np.void], column: int, history_start: int) -> NDArray[np.int64]:
    """Mentions before the window that are surely in the history: those of the whole days before a key was last heard of.

    A mention of that time may have left the window for the history since, but none the other way round.
    """
    days = np.clip((rows["at"] + 1 - history_start) // DAY_BUCKETS, 0, len(_SPANS) - 1)
    mentions: NDArray[np.int64] = rows["mentions"].astype(np.int64)
    known = np.where(days > 0, mentions[np.arange(len(rows)), days], 0)
    earlier: NDArray[np.int64] = np.maximum(known - mentions[:, column], 0)
    return earlier


def is_in_range(tag: str, language: str) -> bool:
    """Whether a language tag is in a range: equal, or longer after a hyphen; "*" is all (RFC 4647 section 3.3.1)."""
    return language == "*" or f"{tag}-".casefold().startswith(f"{language}-".casefold())


def name_id(key: TrendKey) -> int:
    """The same for all languages of a name, in this process."""
    return hash(key.name_bytes())
