"""What is in memory of each key: enough for an upper bound of what it may score (numpy columns, about 230 bytes a key)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from services.trends.burst import upper_bound
from services.trends.counter import Counter
from services.trends.expectation import DAY_BUCKETS, Floats
from services.trends.keys import TrendKey

# Mentions in the last hour, and in the last day to the last seven days.
_SPANS = (4, *(days * DAY_BUCKETS for days in range(1, 8)))
_WEEK = _SPANS[-1]
_FIRST_ROWS = 1_024
_ROW = np.dtype(
    [("name", "i8"), ("language", "i4"), ("at", "i4"), ("last", "i4"), ("mentions", "i4", (len(_SPANS),)), ("kind", "u1")]
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys a question is about."""

    width: int
    """Of the window, in buckets."""
    letters: bytes
    """First bytes of the keys: kinds and types."""
    language: str | None
    """A language range (RFC 4647, basic); None for all."""


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
        self._rows[slot] = (name_id(key), language, at, last, _mentions(counter, at + 1), data[0])

    def drop(self, key: bytes) -> None:
        """Forgets a key, if it is known."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._rows[slot]["kind"] = 0
            self._keys[slot] = b""
            self._free.append(slot)

    def candidates(
        self, wanted: Wanted, now_bucket: int, history_start: int, by_burst: bool
    ) -> Iterator[tuple[float, int, list[bytes]]]:
        """Names from the highest bound down: bound of the score or of the mentions, id of the name, and its keys."""
        slots = self._wanted(wanted, now_bucket)
        rows = self._rows[slots]
        names, places = np.unique(rows["name"], return_inverse=True)
        column = next((place for place, span in enumerate(_SPANS) if span >= wanted.width), len(_SPANS) - 1)
        is_recent = rows["last"] > now_bucket - wanted.width
        observed: Floats = np.bincount(places, rows["mentions"][:, column] * is_recent, len(names)).astype(np.float64)
        bounds = observed
        if by_burst:
            is_known = np.bincount(places, rows["mentions"][:, -1], len(names)) > observed
            earlier: Floats = np.bincount(places, _earlier(rows, column, history_start), len(names)).astype(np.float64)
            history = max(0, now_bucket + 1 - wanted.width - history_start)
            bounds = upper_bound(observed, earlier, is_known, history, wanted.width)
        # Asked for a time before the one that a key was last heard of at, its numbers bound nothing.
        is_ahead = np.bincount(places, rows["at"] > now_bucket, len(names)) > 0
        bounds = np.where(is_ahead, np.inf, bounds)
        members = np.argsort(places, kind="stable")
        starts = np.searchsorted(places[members], np.arange(len(names) + 1))
        for group in np.lexsort((names, -observed, -bounds)):
            keys = [self._keys[slot] for slot in slots[members[starts[group] : starts[group + 1]]]]
            yield float(bounds[group]), int(names[group]), keys

    def _wanted(self, wanted: Wanted, now_bucket: int) -> NDArray[np.intp]:
        """Rows of all names that may have a mention in the window: of each in all languages, for their history."""
        rows = self._rows[: len(self._keys)]
        is_wanted = np.isin(rows["kind"], np.frombuffer(wanted.letters, np.uint8))
        if wanted.language is not None:
            is_wanted &= np.isin(rows["language"], self._in_range(wanted.language))
        recent = rows["name"][is_wanted & (rows["last"] > now_bucket - wanted.width)]
        slots = np.flatnonzero(is_wanted)
        return slots[np.isin(rows["name"][slots], recent)]

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


def _mentions(counter: Counter, end: int) -> tuple[int, ...]:
    """Mentions in each span before the bucket `end`."""
    counts = counter.mentions(end - _WEEK, end)
    days = [sum(counts[_WEEK - day * DAY_BUCKETS : _WEEK - (day - 1) * DAY_BUCKETS]) for day in range(1, 8)]
    return (sum(counts[-_SPANS[0] :]), *accumulate(days))


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
