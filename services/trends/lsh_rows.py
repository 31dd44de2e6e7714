"""Rows of the index of band hashes: in sorted runs, and in an unsorted tail for the newest.

A key is one uint64: number of the band, its hash, and the row of the article. The first bytes of the article's id are one
band more, by which it is found again to be removed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.trends.signature import BANDS

RUN_ROWS = 1 << 17
TAIL_ROWS = 1 << 10
"""So many rows are compared one by one about as fast as a run is searched, and a merge of some 10 ms comes once in so many."""

REMOVED = np.iinfo(np.int64).max
"""Stands for the order of an article that was removed."""

_HASH_SHIFT = np.uint64(RUN_ROWS.bit_length() - 1)
_ROW = np.uint64(RUN_ROWS - 1)
_NUMBERS = np.arange(BANDS + 1, dtype=np.uint64) << (_HASH_SHIFT + np.uint64(32))

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]
_NO_ROWS: Rows = np.empty(0, dtype=np.intp)


class Wanted:
    """Hashes that are looked for in neighbouring bands: in all of a signature, or in the one of the ids."""

    def __init__(self, first: int, hashes: bytes) -> None:
        """The number of the first band, and little-endian uint32 hashes."""
        self.hashes = np.frombuffer(hashes, dtype="<u4")
        self.numbers = slice(first, first + self.hashes.size)
        self.keys = _NUMBERS[self.numbers] | self.hashes.astype(np.uint64) << _HASH_SHIFT

    @classmethod
    def bands(cls, bands: bytes) -> "Wanted":
        """Every band of a signature."""
        return cls(0, bands)

    @classmethod
    def article(cls, article: bytes) -> "Wanted":
        """The band of the ids."""
        return cls(BANDS, article[:4])


@dataclass(slots=True)
class Block:
    """Articles by row; those removed stay, with the order REMOVED, until rows are moved anyway."""

    articles: npt.NDArray[np.void]
    orders: npt.NDArray[np.int64]
    events_s: npt.NDArray[np.uint32]

    @classmethod
    def joined(cls, blocks: "list[Block]", kept: list[npt.NDArray[np.bool_]]) -> "Block":
        """The rows of all blocks that are kept."""
        pairs = list(zip(blocks, kept, strict=True))
        return cls(
            np.concatenate([block.articles[keep] for block, keep in pairs]),
            np.concatenate([block.orders[keep] for block, keep in pairs]),
            np.concatenate([block.events_s[keep] for block, keep in pairs]),
        )

    def with_id(self, rows: Rows, article: bytes) -> Rows:
        """Which of the rows are this article and not removed."""
        return rows[[self.articles[row].tobytes() == article and self.orders[row] != REMOVED for row in rows]]

    @property
    def nbytes(self) -> int:
        """Memory of the rows."""
        return self.articles.nbytes + self.orders.nbytes + self.events_s.nbytes


@dataclass(slots=True)
class Run:
    """Keys in ascending order, and the rows that they name; at most RUN_ROWS."""

    keys: Keys
    block: Block

    @classmethod
    def merged(cls, runs: "list[Run]") -> "Run":
        """One run of all, without what was removed. The sort is linear on runs that are sorted already."""
        kept = [run.block.orders != REMOVED for run in runs]
        first, keys = 0, []
        for run, keep in zip(runs, kept, strict=True):
            keys.append(_renumbered(run.keys, keep, first))
            first += int(np.count_nonzero(keep))
        joined = np.concatenate(keys)
        joined.sort(kind="stable")
        return cls(joined, Block.joined([run.block for run in runs], kept))

    def rows(self, wanted: Wanted) -> Rows:
        """The rows that have a wanted hash, once for each that they have."""
        if not self.keys.size:
            return _NO_ROWS
        places = self.keys.searchsorted(wanted.keys)
        at = self.keys[np.minimum(places, self.keys.size - 1)]
        hits = np.flatnonzero((at ^ wanted.keys) <= _ROW)
        if not hits.size:
            return _NO_ROWS
        ends = self.keys.searchsorted(wanted.keys[hits] | _ROW, side="right")
        found = [self.keys[place:end] & _ROW for place, end in zip(places[hits], ends, strict=True)]
        return np.concatenate(found).astype(np.intp)


def _renumbered(keys: Keys, keep: npt.NDArray[np.bool_], first: int) -> Keys:
    """The keys of the rows that are kept, which are now numbered from `first` on; their order stays."""
    if keep.all():
        return keys + np.uint64(first)
    numbers = (np.cumsum(keep) - 1 + first).astype(np.uint64)
    rows = (keys & _ROW).astype(np.intp)
    kept = keep[rows]
    return (keys[kept] & ~_ROW) | numbers[rows[kept]]


class Tail:
    """The newest rows, unsorted; at most TAIL_ROWS."""

    def __init__(self) -> None:
        """Empty."""
        self._hashes = np.zeros((BANDS + 1, TAIL_ROWS), dtype=np.uint32)
        self._block = Block(np.zeros(TAIL_ROWS, dtype="V16"), np.full(TAIL_ROWS, REMOVED), np.zeros(TAIL_ROWS, dtype=np.uint32))
        self.size = 0

    @property
    def block(self) -> Block:
        """The rows that are taken, to read and to change."""
        block = self._block
        return Block(block.articles[: self.size], block.orders[: self.size], block.events_s[: self.size])

    @property
    def nbytes(self) -> int:
        """Memory of all rows, taken or free."""
        return self._hashes.nbytes + self._block.nbytes

    def add(self, article: bytes, bands: bytes, event_time_s: int, order: int) -> None:
        """Takes the next row."""
        self._hashes[:, self.size] = np.frombuffer(bands + article[:4], dtype="<u4")
        self._block.articles[self.size] = np.void(article)
        self._block.orders[self.size], self._block.events_s[self.size] = order, event_time_s
        self.size += 1

    def rows(self, wanted: Wanted) -> Rows:
        """The rows that have a wanted hash, once for each that they have."""
        places = np.flatnonzero(self._hashes[wanted.numbers, : self.size] == wanted.hashes[:, None])
        return places % self.size if places.size else _NO_ROWS

    def taken(self) -> Run:
        """Everything as a run; the tail is empty then."""
        rows = np.arange(self.size, dtype=np.uint64)
        keys = (_NUMBERS[:, None] | self._hashes[:, : self.size].astype(np.uint64) << _HASH_SHIFT | rows).ravel()
        keys.sort()
        everything = np.ones(self.size, dtype=bool)
        run = Run(keys, Block.joined([self.block], [everything]))
        self.size = 0
        return run
