"""What a record of news.enriched changes in the counts, and the message that carries such changes to where they are counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import orjson

from services.runtime.errors import InvalidRecord
from services.trends.keys import TrendKey

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """What is added in one bucket; numbers are negative where an article is uncounted."""

    bucket: int
    """Number of the quarter of an hour: see event_time.bucket_of."""
    source: int
    """32 bits of the outlet's hash."""
    originals: int
    duplicates: int
    sentiment: int
    """Sum of the scored articles' sentiment, in ten-thousandths."""
    scored: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one record of news.enriched changes in the numbers of one key: a revision takes its old cell away and adds its new."""

    key: TrendKey
    name: str
    """As the article writes it; empty when the record doesn't say, as in a withdrawal."""
    partition: int
    """Of news.enriched, as the offset: by these a repeat is known."""
    offset: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Mentions:
    """A message of news.trends.mentions: changes in the order of the records that they come from."""

    changes: tuple[Change, ...]
    now_s: int
    """The stream's time, seconds since 1970 UTC: the latest event time seen."""
    started_s: int
    """When its history begins."""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Mentions":
        """What `mentions` made the message of; raises InvalidRecord when it didn't."""
        try:
            version, now_s, started_s, groups = orjson.loads(data)
            if version != _VERSION:
                raise ValueError(f"version {version}, not {_VERSION}")
            return cls(tuple(_ungrouped(groups)), now_s, started_s)
        except (ValueError, TypeError, AttributeError) as error:
            raise InvalidRecord("invalid_message", f"no message of news.trends.mentions: {error}"[:300]) from None


def mentions(changes: Sequence[Change], now_s: int, started_s: int) -> bytes:
    """The message for these changes. What the keys of one article share is written once: 60 bytes a change instead of 120."""
    groups = [
        [partition, offset, [_row(cell) for cell in cells], [[change.key.to_bytes().decode(), change.name] for change in group]]
        for (partition, offset, cells), group in groupby(changes, key=attrgetter("partition", "offset", "cells"))
    ]
    return orjson.dumps([_VERSION, now_s, started_s, groups])


def _row(cell: Cell) -> list[int]:
    return [cell.bucket, cell.source, cell.originals, cell.duplicates, cell.sentiment, cell.scored]


def _ungrouped(groups: Sequence[Sequence[object]]) -> Iterator[Change]:
    for partition, offset, rows, keys in groups:
        cells = tuple(Cell(*row) for row in rows)  # type: ignore[attr-defined]
        for key, name in keys:  # type: ignore[attr-defined]
            yield Change(TrendKey.from_bytes(key.encode()), name, partition, offset, cells)  # type: ignore[arg-type]
