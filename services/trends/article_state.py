"""What the service remembers of an article: where it stood in the stream, and what it adds to the counts (pure)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from services.trends.change import Cell
from services.trends.event_time import bucket_of

# Version, flags, partition, offset, event time, source, sentiment, similarity, original, number of keys.
_HEAD = struct.Struct("<BBIQIIiH16sH")
_VERSION = 1
_COUNTED, _WITHDRAWN, _SCORED, _DUPLICATE = 1, 2, 4, 8
_LENGTH = struct.Struct("<H")
_EVENT_TIME = struct.Struct("<I")
_EVENT_TIME_AT = 14


@dataclass(frozen=True, slots=True)
class ArticleState:
    """The last thing that news.enriched said of an article, and what became of it here."""

    partition: int
    offset: int
    event_time_s: int
    source: int = 0
    sentiment: int | None = None
    keys: tuple[bytes, ...] = ()
    is_counted: bool = False
    is_withdrawn: bool = False
    original: bytes | None = None
    """The 16 bytes of the original's article_id when this one is a copy."""
    similarity: int = 0
    """With the original, in ten-thousandths."""

    def to_bytes(self) -> bytes:
        """As it is stored."""
        flags = (
            _COUNTED * self.is_counted
            + _WITHDRAWN * self.is_withdrawn
            + _SCORED * (self.sentiment is not None)
            + _DUPLICATE * (self.original is not None)
        )
        head = _HEAD.pack(
            _VERSION,
            flags,
            self.partition,
            self.offset,
            self.event_time_s,
            self.source,
            self.sentiment or 0,
            self.similarity,
            self.original or bytes(16),
            len(self.keys),
        )
        return head + b"".join(_LENGTH.pack(len(key)) + key for key in self.keys)

    @classmethod
    def from_bytes(cls, data: bytes) -> "ArticleState":
        """As `to_bytes` made it."""
        version, flags, partition, offset, event_time_s, source, sentiment, similarity, original, count = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise ValueError(f"an article's state of version {version}, not {_VERSION}")
        keys, at = [], _HEAD.size
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
            keys.append(data[at : at + length])
            at += length
        return cls(
            partition=partition,
            offset=offset,
            event_time_s=event_time_s,
            source=source,
            sentiment=sentiment if flags & _SCORED else None,
            keys=tuple(keys),
            is_counted=bool(flags & _COUNTED),
            is_withdrawn=bool(flags & _WITHDRAWN),
            original=original if flags & _DUPLICATE else None,
            similarity=similarity,
        )

    def cell(self, sign: int) -> Cell:
        """What it adds to each of its keys (sign 1), or takes away (sign −1)."""
        copy = self.original is not None
        return Cell(
            bucket=bucket_of(self.event_time_s),
            source=self.source,
            originals=sign * (not copy),
            duplicates=sign * copy,
            sentiment=sign * (self.sentiment or 0),
            scored=sign * (self.sentiment is not None),
        )


def event_time_of(data: bytes) -> int:
    """The event time of a stored state, without reading the rest."""
    (event_time_s,) = _EVENT_TIME.unpack_from(data, _EVENT_TIME_AT)
    return int(event_time_s)


def cells_between(before: ArticleState | None, now: ArticleState) -> Iterator[tuple[bytes, tuple[Cell, ...]]]:
    """Per key what changes in its numbers when `now` takes the place of `before`; keys that stay as they were are left out."""
    old = before if before is not None and before.is_counted else None
    new = now if now.is_counted else None
    gone, come = (old.cell(-1) if old else None), (new.cell(1) if new else None)
    had, has = set(old.keys if old else ()), set(new.keys if new else ())
    for key in dict.fromkeys([*(old.keys if old else ()), *(new.keys if new else ())]):
        cells = tuple(cell for cell in (gone if key in had else None, come if key in has else None) if cell is not None)
        if not _cancel(cells):
            yield key, cells


def _cancel(cells: tuple[Cell, ...]) -> bool:
    if len(cells) < 2:
        return not cells
    a, b = cells
    return (a.bucket, a.source) == (b.bucket, b.source) and not any(
        (a.originals + b.originals, a.duplicates + b.duplicates, a.sentiment + b.sentiment, a.scored + b.scored)
    )
