"""The numbers of one key: exact whole numbers that don't depend on the order in which partitions are heard (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from services.trends.change import Cell, Change
from services.trends.counter_bytes import CounterState, decode, encode

Key = TypeVar("Key", int, str)

MAX_PAIRS = 2_048
"""Pairs of bucket and source that are remembered of a key. The busiest name of a week on 300 outlets has about 20,000; then
the last 15 hours or so are complete, which is what its sources of the last hour need."""

MAX_NAMES = 8
"""Spellings of a key's name that are counted."""

# Trimming takes a sort, so it waits until there is something to trim.
_SLACK = 256


@dataclass(frozen=True, slots=True)
class Total:
    """What was said over a stretch of time."""

    originals: int
    duplicates: int
    sources: int
    """Different outlets; at least so many when `sources_complete` is False."""
    sources_complete: bool
    sentiment: float | None
    """Mean of the scored articles, −1 to 1, four decimals; None when none was scored."""
    scored: int

    @property
    def mentions(self) -> int:
        """Originals and duplicates."""
        return self.originals + self.duplicates


class Counter:
    """Buckets of one key, its outlets, the spellings of its name, and how far each partition of news.enriched is counted.

    Everything in it is a sum, a minimum or the largest few of a set that only grows (numbers that fall back to zero stay, until
    their bucket expires). So the state is the same in whatever order changes of different partitions come; within a partition
    they come in order, and what comes again is skipped.
    """

    __slots__ = ("_state",)
    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, state: CounterState | None = None) -> None:
        """Empty when nothing is given."""
        self._state = state if state is not None else CounterState()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counter) and self.to_bytes() == other.to_bytes()

    def apply(self, change: Change) -> bool:
        """Adds the change; False, and nothing is added, when its offset isn't above the last one of its partition."""
        state = self._state
        if change.offset <= state.applied.get(change.partition, -1):
            return False
        state.applied[change.partition] = change.offset
        for cell in change.cells:
            self._add(cell)
        if change.name:
            state.names[change.name] = state.names.get(change.name, 0) + sum(c.originals + c.duplicates for c in change.cells)
        if len(state.pairs) > MAX_PAIRS + _SLACK or len(state.names) > MAX_NAMES + _SLACK:
            self._trim()
        return True

    def to_bytes(self) -> bytes:
        """The value of the table; equal states give equal bytes."""
        self._trim()
        return encode(self._state)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Counter":
        """As `to_bytes` made it; raises ValueError when it is of another version."""
        return cls(decode(data))

    @classmethod
    def merged(cls, counters: Iterable["Counter"]) -> "Counter":
        """The sum of several keys, e.g. of a name in all languages: to be read, not to be changed."""
        total = CounterState()
        for counter in counters:
            state = counter._state
            for bucket, row in state.buckets.items():
                known = total.buckets.get(bucket)
                total.buckets[bucket] = row if known is None else [a + b for a, b in zip(known, row, strict=True)]
            _add_up(total.pairs, state.pairs)
            _add_up(total.names, state.names)
            total.forgotten = max(total.forgotten, state.forgotten)
            total.first = min((first for first in (total.first, state.first) if first is not None), default=None)
        return cls(total)

    def expire(self, before_bucket: int) -> bool:
        """Forgets buckets before this one; whether there were any."""
        state = self._state
        old = [bucket for bucket in state.buckets if bucket < before_bucket]
        if not old:
            return False
        state.first = self.first_seen_bucket if any(_mentions(state.buckets[bucket]) > 0 for bucket in old) else state.first
        for bucket in old:
            del state.buckets[bucket]
        limit = before_bucket << 32
        state.pairs = {pair: count for pair, count in state.pairs.items() if pair >= limit}
        if state.forgotten < limit:
            state.forgotten = -1
        return True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to remember; a withdrawn article is remembered until its bucket expires."""
        return not self._state.buckets

    @property
    def name(self) -> str:
        """The commonest spelling, the first by code points among equals; empty when none is known."""
        return min(self._state.names.items(), key=lambda item: (-item[1], item[0]), default=("", 0))[0]

    @property
    def first_seen_bucket(self) -> int | None:
        """The first bucket that had a mention, also when it has expired since; None when there is none."""
        seen = [bucket for bucket, row in self._state.buckets.items() if _mentions(row) > 0]
        if self._state.first is not None:
            seen.append(self._state.first)
        return min(seen, default=None)

    @property
    def last_bucket(self) -> int | None:
        """The last bucket that has a mention; None when there is none."""
        return max((bucket for bucket, row in self._state.buckets.items() if _mentions(row) > 0), default=None)

    def total(self, from_bucket: int, to_bucket: int) -> Total:
        """What lies in the buckets from the first up to, not including, the last."""
        state = self._state
        originals = duplicates = sentiment = scored = 0
        for bucket, row in state.buckets.items():
            if from_bucket <= bucket < to_bucket:
                originals += row[0]
                duplicates += row[1]
                sentiment += row[2]
                scored += row[3]
        low, high = from_bucket << 32, to_bucket << 32
        self._trim()
        sources = {pair & 0xFFFFFFFF for pair, count in state.pairs.items() if low <= pair < high and count > 0}
        return Total(
            originals=originals,
            duplicates=duplicates,
            sources=len(sources),
            sources_complete=state.forgotten < low,
            sentiment=round(sentiment / scored / 10_000, 4) if scored > 0 else None,
            scored=scored,
        )

    def mentions(self, from_bucket: int, to_bucket: int) -> list[int]:
        """Originals and duplicates of each bucket from the first up to, not including, the last."""
        counts = [0] * max(0, to_bucket - from_bucket)
        for bucket, row in self._state.buckets.items():
            if from_bucket <= bucket < to_bucket:
                counts[bucket - from_bucket] = row[0] + row[1]
        return counts

    def _add(self, cell: Cell) -> None:
        state = self._state
        row = state.buckets.get(cell.bucket)
        if row is None:
            row = state.buckets[cell.bucket] = [0, 0, 0, 0]
        row[0] += cell.originals
        row[1] += cell.duplicates
        row[2] += cell.sentiment
        row[3] += cell.scored
        pair = cell.bucket << 32 | cell.source
        if pair > state.forgotten:
            state.pairs[pair] = state.pairs.get(pair, 0) + cell.originals + cell.duplicates

    def _trim(self) -> None:
        """Keeps the latest pairs and the first spellings: which those are doesn't depend on when this is done."""
        state = self._state
        if len(state.pairs) > MAX_PAIRS:
            kept = sorted(state.pairs)
            state.forgotten = max(state.forgotten, kept[-MAX_PAIRS - 1])
            state.pairs = {pair: state.pairs[pair] for pair in kept[-MAX_PAIRS:]}
        if len(state.names) > MAX_NAMES:
            state.names = {name: state.names[name] for name in sorted(state.names)[:MAX_NAMES]}


def _mentions(row: list[int]) -> int:
    return row[0] + row[1]


def _add_up(total: dict[Key, int], more: Mapping[Key, int]) -> None:
    for key, count in more.items():
        total[key] = total.get(key, 0) + count
