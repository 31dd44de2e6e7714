"""What is in memory of each key: enough for an upper bound of what it may score (numpy columns, about 230 bytes a key)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.trends.burst import upper_bound
from services.trends.counter import Counter
from services.trends.expectation import DAY_BUCKETS, Floats
from services.trends.keys import TrendKey

WIDTHS = (4, DAY_BUCKETS, 7 * DAY_BUCKETS)
"""Windows, in buckets."""

# What was earlier than the window and will still be known a day later: a key that isn't heard of again for a day
# has nothing left in the windows that history matters for.
_KEPT = 6 * DAY_BUCKETS
_FIRST_ROWS = 1_024
_ROW = np.dtype(
    [
        ("name", "i8"),
        ("language", "i4"),
        ("at", "i4"),
        ("last", "i4"),
        ("mentions", "i4", (3,)),
        ("earlier", "i4", (3,)),
        ("kind", "u1"),
    ]
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
        end = max(now_bucket, last) + 1
        counts = counter.mentions(end - WIDTHS[-1], end)
        mentions = tuple(sum(counts[-width:]) for width in WIDTHS)
        kept = sum(counts[-_KEPT:])
        earlier = tuple(max(0, kept - seen) for seen in mentions)
        language = self._languages.setdefault(key.language, len(self._languages))
        # Python's own hash: 64 bits with a secret, so nobody can make two names one.
        self._rows[self._slot(data, now_bucket)] = (name_id(key), language, now_bucket, last, mentions, earlier, data[0])

    def drop(self, key: bytes) -> None:
        """Forgets a key, if it is known."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._rows[slot]["kind"] = 0
            self._keys[slot] = b""
            self._free.append(slot)

    def candidates(
        self, wanted: Wanted, now_bucket: int, history: int, by_burst: bool
    ) -> Iterator[tuple[float, int, list[bytes]]]:
        """Names from the highest bound down: bound, id of the name, and its keys; `history` in buckets before the window."""
        rows = self._rows[: len(self._keys)]
        chosen = np.isin(rows["kind"], np.frombuffer(wanted.letters, "u1")) & (rows["last"] > now_bucket - wanted.width)
        if wanted.language is not None:
            chosen &= np.isin(rows["language"], self._in_range(wanted.language))
        slots = np.flatnonzero(chosen)
        column = next((place for place, width in enumerate(WIDTHS) if width >= wanted.width), len(WIDTHS) - 1)
        names, place = np.unique(rows["name"][slots], return_inverse=True)
        mentions: Floats = np.bincount(place, rows["mentions"][slots, column], len(names)).astype(np.float64)
        if by_burst:
            earlier: Floats = np.bincount(place, rows["earlier"][slots, column], len(names)).astype(np.float64)
            known = np.bincount(place, rows["mentions"][slots, -1], len(names)) > mentions
            bounds = upper_bound(mentions, earlier, known, history, wanted.width)
        else:
            bounds = mentions
        bounds = np.where(np.bincount(place, rows["at"][slots] > now_bucket, len(names)) > 0, np.inf, bounds)
        members = np.argsort(place, kind="stable")
        starts = np.searchsorted(place[members], np.arange(len(names) + 1))
        for group in np.lexsort((names, -mentions, -bounds)):
            keys = [self._keys[slot] for slot in slots[members[starts[group] : starts[group + 1]]]]
            yield float(bounds[group]), int(names[group]), keys

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
        worth = day.astype("f8") * 2**32 + self._rows["mentions"][:, 2]
        for slot in np.argpartition(worth, count := max(1, self._max_rows // 16) - 1)[: count + 1]:
            self.drop(self._keys[slot])


def is_in_range(tag: str, language: str) -> bool:
    """Whether a language tag is in a range: equal, or longer after a hyphen; "*" is all (RFC 4647 section 3.3.1)."""
    return language == "*" or f"{tag}-".casefold().startswith(f"{language}-".casefold())


def name_id(key: TrendKey) -> int:
    """The same for all languages of a name, in this process."""
    return hash(key.name_bytes())
