"""Index of band hashes in bounded memory: which originals share a band with a text (locality-sensitive hashing).

The libraries' indexes take 1,150 to 4,700 bytes an original (docs/decisions/0011). Here it is 140: sorted arrays by stretches of
event time, which are dropped whole when they are over.
"""

from collections.abc import Sequence

import numpy as np

from services.trends.lsh_rows import REMOVED, Wanted
from services.trends.lsh_segment import Segment

SEGMENT_S = 6 * 60 * 60

MOST_CANDIDATES = 100
"""Of more, those with the most bands in common are looked at: texts from one template can share a band by the thousand."""


class BandIndex:
    """Originals by their band hashes; what it answers depends on what is in it, not on the order in which it came in."""

    def __init__(self, capacity: int) -> None:
        """For so many originals: of more, those of the oldest six hours go, the earliest seen first."""
        self.capacity = capacity
        self.evicted = 0
        self._segments: dict[int, Segment] = {}
        self._counts: dict[int, int] = {}
        self._before_s = 0

    def __len__(self) -> int:
        return sum(self._counts.values())

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(segment.nbytes for segment in self._segments.values())

    def add(self, article: bytes, bands: bytes, event_time_s: int, order: int) -> None:
        """Takes in an original that is not in it; one that is over already is left out."""
        if event_time_s < self._before_s:
            return
        number = event_time_s // SEGMENT_S
        self._segments.setdefault(number, Segment()).add(article, bands, event_time_s, order)
        self._counts[number] = self._counts.get(number, 0) + 1
        if len(self) > self.capacity:
            self._evict()

    def remove(self, article: bytes) -> None:
        """It is found no more; nothing happens when it isn't there."""
        wanted = Wanted.article(article)
        for number, segment in list(self._segments.items()):
            self._removed(number, segment.remove(wanted, article))

    def candidates(self, bands: bytes) -> Sequence[tuple[int, bytes]]:
        """Order and article of at most 100 originals that share a band, the earliest seen first."""
        wanted = Wanted.bands(bands)
        found: list[tuple[int, int, bytes]] = []
        for segment in self._segments.values():
            for part in segment.parts():
                rows = part.rows(wanted)
                if not rows.size:
                    continue
                block = part.block
                for row, shared in zip(*np.unique(rows, return_counts=True), strict=True):
                    if (order := int(block.orders[row])) != REMOVED:
                        found.append((-int(shared), order, block.articles[row].tobytes()))
        return sorted((order, article) for _, order, article in sorted(found)[:MOST_CANDIDATES])

    def expire(self, before_s: int) -> None:
        """Forgets originals whose event time (s) is before, and takes none of them in any more."""
        if before_s <= self._before_s:
            return
        self._before_s = before_s
        for number in [number for number in self._segments if (number + 1) * SEGMENT_S <= before_s]:
            del self._segments[number], self._counts[number]
        if (segment := self._segments.get(number := before_s // SEGMENT_S)) is not None:
            self._removed(number, segment.expire(before_s))

    def _evict(self) -> None:
        number = min(number for number, count in self._counts.items() if count)
        self._segments[number].remove_first()
        self.evicted += 1
        self._removed(number, 1)

    def _removed(self, number: int, count: int) -> None:
        if not count:
            return
        self._counts[number] -= count
        if self._counts[number]:
            self._segments[number].tidy()
        else:
            del self._segments[number], self._counts[number]
