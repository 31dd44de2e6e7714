"""Finds the original of a copy: candidates from the index in memory, then a comparison with the sketches in the table.

Only originals are in the index, so a group is a star around its original and can't drift from edit to edit. What is in the
table is enough to make the index again.
"""

import struct
from dataclasses import dataclass, replace

from services.trends.lsh import BandIndex
from services.trends.overlay import Overlay
from services.trends.signature import Signature, similarity
from services.trends.table import PartitionTable

ENTRY, SKETCH = b"o", b"s"

_HEAD = struct.Struct("<IQQI")


@dataclass(frozen=True, slots=True)
class Entry:
    """An original in the table: when it happened, its place in the order of arrival, its group's size, and its bands.

    `resized` is the place of the record that changed the size last: settled again, it doesn't change it again.
    """

    event_time_s: int
    order: int
    resized: int
    size: int
    bands: bytes

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return _HEAD.pack(self.event_time_s, self.order, self.resized, self.size) + self.bands

    @classmethod
    def from_bytes(cls, data: bytes) -> "Entry":
        """As `to_bytes` made it."""
        event_time_s, order, resized, size = _HEAD.unpack_from(data)
        return cls(event_time_s, order, resized, size, data[_HEAD.size :])


@dataclass(frozen=True, slots=True)
class Found:
    """The original of a copy, and how alike they are (Jaccard, 0–1)."""

    article: bytes
    similarity: float


class Originals:
    """The originals of the last hours; `article` is always the 16 bytes of an article_id."""

    def __init__(self, capacity: int, threshold: float, window_s: int) -> None:
        """Holds at most `capacity` of them."""
        self._capacity, self._threshold, self._window_s = capacity, threshold, window_s
        self._index = BandIndex(capacity)

    def __len__(self) -> int:
        return len(self._index)

    def load(self, table: PartitionTable, partition: int, now_s: int) -> None:
        """Makes the index from the table; raises Revoked."""
        self._index = BandIndex(self._capacity)
        for key, value in table.items(partition, ENTRY):
            entry = Entry.from_bytes(value)
            if not self.is_over(entry.event_time_s, now_s):
                self._index.add(key[1:], entry.bands, entry.event_time_s, entry.order)

    def is_over(self, event_time_s: int, now_s: int) -> bool:
        """Whether an original of that time is no longer compared with."""
        return event_time_s < now_s - self._window_s

    def find(self, state: Overlay, article: bytes, signature: Signature, now_s: int) -> Found | None:
        """The earliest seen original that the text is a copy of."""
        for _order, candidate in self._index.candidates(signature.bands):
            if candidate == article or (stored := state.get(ENTRY + candidate)) is None:
                continue
            sketch = state.get(SKETCH + candidate)
            if sketch is None or self.is_over(Entry.from_bytes(stored).event_time_s, now_s):
                continue
            if (alike := similarity(signature.sketch, sketch)) >= self._threshold:
                return Found(candidate, alike)
        return None

    def keep(self, state: Overlay, article: bytes, signature: Signature, event_time_s: int, order: int) -> None:
        """Takes an original in; one that was in already keeps its group and its place, with its new text."""
        stored = state.get(ENTRY + article)
        entry = (
            replace(Entry.from_bytes(stored), bands=signature.bands)
            if stored is not None
            else Entry(event_time_s, order, order, 1, signature.bands)
        )
        self._index.remove(article)
        self._index.add(article, entry.bands, entry.event_time_s, entry.order)
        state.put(SKETCH + article, signature.sketch)
        state.put(ENTRY + article, entry.to_bytes())

    def drop(self, state: Overlay, article: bytes) -> None:
        """It is withdrawn, or became a copy itself."""
        if state.get(ENTRY + article) is not None:
            self._index.remove(article)
            state.put(SKETCH + article, None)  # first: without its entry nobody would look for it
            state.put(ENTRY + article, None)

    def resize(self, state: Overlay, article: bytes, by: int, order: int) -> None:
        """Counts a copy more or less in the original's group, because of record number `order`."""
        stored = state.get(ENTRY + article)
        if stored is not None and (entry := Entry.from_bytes(stored)).resized < order:
            state.put(ENTRY + article, replace(entry, size=max(1, entry.size + by), resized=order).to_bytes())

    def size(self, state: Overlay, article: bytes) -> int:
        """The original and its copies so far; at least 2, also when the original is gone."""
        stored = state.get(ENTRY + article)
        return max(2, Entry.from_bytes(stored).size) if stored is not None else 2

    def expire(self, now_s: int) -> None:
        """Forgets what is over, in the index; the sweep does it in the table."""
        self._index.expire(now_s - self._window_s)
