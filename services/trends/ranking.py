"""What is said most, or most unusually: the first rows of a table that is too large to be sorted at each question (pure).

A question goes through the names from the highest bound down, reads the counters of a name to score it exactly, and stops where
no bound is above what it has. Rows of one name in several languages are one row, as far as their language was asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from typing import Literal

from services.trends.bounds import Bounds, Candidate, Expected, Wanted, name_id
from services.trends.burst import Burst
from services.trends.counter import Counter, Total
from services.trends.event_time import BUCKET_S, bucket_of
from services.trends.keys import TrendKey, letters
from services.trends.trend import RETENTION_S, history_start, window_burst

Order = Literal["burst", "mentions"]
Read = Callable[[bytes], Counter | None]

SPARKS = 24
"""Parts of a sparkline."""

# Rows that are remembered from one question to the next; a page refreshed by many readers is answered from them.
_MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """A name, a language, a country or a topic over one window."""

    kind: str
    type: str
    name: str
    label: str
    languages: tuple[tuple[str, int], ...]
    """Tags of the articles with their mentions, most first."""
    total: Total
    first_seen_bucket: int
    burst: Burst
    sparkline: tuple[int, ...]
    """Mentions in 24 equal parts, oldest first: of the window, or of the last six hours when it is shorter."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """When a question is asked, and how far back is known."""

    now_s: int
    started_s: int
    retention_s: int

    @property
    def buckets(self) -> tuple[int, int]:
        """All that a row depends on: the first that is known, and the one after the last."""
        return history_start(self.now_s, self.started_s, self.retention_s), bucket_of(self.now_s) + 1


class Ranking:
    """The keys of one partition."""

    def __init__(self, max_rows: int, retention_s: int = RETENTION_S) -> None:
        """At most `max_rows` keys are ranked; `retention_s` is how long buckets are kept."""
        self._bounds = Bounds(max_rows)
        self._retention_s = retention_s
        self._known: dict[int, dict[tuple[int, str | None], Row]] = {}
        self._expected: dict[tuple[int, str | None], dict[int, Expected]] = {}
        self._known_at = (0, 0)

    def __len__(self) -> int:
        return len(self._bounds)

    def update(self, key: TrendKey, counter: Counter, now_s: int) -> None:
        """Takes in a key as it is at the stream's time `now_s`; to be called whenever it changed."""
        self._known.pop(name_id(key), None)
        self._bounds.put(key, counter, bucket_of(now_s))

    def forget(self, key: TrendKey) -> None:
        """Drops a key."""
        self._known.pop(name_id(key), None)
        self._bounds.drop(key.to_bytes())

    def top(
        self,
        window_s: int,
        now_s: int,
        kind: str = "entity",
        type: str | None = None,
        language: str | None = None,
        limit: int = 20,
        order: Order = "burst",
        *,
        read: Read,
        started_s: int = 0,
    ) -> list[Row]:
        """The first `limit` rows of the window that ends with the bucket of `now_s`, by score or by mentions.

        `read` returns the counter of a key, given as bytes. Rows whose first criterion is equal to the last one's may be left
        out for it. `started_s` is when the stream's history begins.
        """
        moment = _Moment(now_s, started_s, self._retention_s)
        wanted = Wanted(window_s // BUCKET_S, letters(kind, type), language)
        self._forget_rows_of_another(moment)
        since, end = moment.buckets
        best: list[tuple[float, float, int, Row]] = []
        expected = self._expected.setdefault((wanted.width, wanted.language), {}) if order == "burst" else None
        for place, candidate in enumerate(self._bounds.candidates(wanted, end - 1, since, expected)):
            if len(best) == limit and candidate.bound <= best[0][0]:
                break
            row = self._row(candidate, wanted, moment, read)
            if row is not None and expected is not None:
                expected[candidate.name] = Expected(candidate.print, row.burst.expectation)
            if row is not None:
                mentions = float(row.total.mentions)
                first, second = (row.burst.score, mentions) if order == "burst" else (mentions, row.burst.score)
                (heappush if len(best) < limit else heappushpop)(best, (first, second, -place, row))
        return [row for *_, row in sorted(best, key=lambda entry: (-entry[0], -entry[1], entry[3].name, entry[3].type))]

    def _forget_rows_of_another(self, moment: _Moment) -> None:
        if moment.buckets != self._known_at or len(self._known) > _MAX_KNOWN:
            self._known, self._expected, self._known_at = {}, {}, moment.buckets

    def _row(self, candidate: Candidate, wanted: Wanted, moment: _Moment, read: Read) -> Row | None:
        """A name's row, None when it has no mention in the window."""
        rows = self._known.setdefault(candidate.name, {})
        row = rows.get((wanted.width, wanted.language))
        if row is None:
            counters = [(TrendKey.from_bytes(key), counter) for key in candidate.keys if (counter := read(key)) is not None]
            row = row_of(counters, wanted.width, moment.now_s, moment.started_s, moment.retention_s)
            if row is not None:
                rows[wanted.width, wanted.language] = row
        return row


def row_of(
    counters: Sequence[tuple[TrendKey, Counter]], width: int, now_s: int, started_s: int, retention_s: int = RETENTION_S
) -> Row | None:
    """The row of a name over the last `width` buckets, from its counters by language; None without a mention there."""
    end = bucket_of(now_s) + 1
    languages = {key.language: sum(counter.mentions(end - width, end)) for key, counter in counters}
    if not counters or sum(languages.values()) <= 0:
        return None
    whole = counters[0][1] if len(counters) == 1 else Counter.merged(counter for _, counter in counters)
    key, first_seen = counters[0][0], whole.first_seen_bucket
    part = max(1, width // SPARKS)
    counts = whole.mentions(end - SPARKS * part, end)
    return Row(
        kind=key.kind,
        type=key.type,
        name=key.name,
        label=whole.name or key.name,
        languages=tuple(
            sorted(((tag, count) for tag, count in languages.items() if count > 0), key=lambda pair: (-pair[1], pair[0]))
        ),
        total=whole.total(end - width, end),
        first_seen_bucket=end - 1 if first_seen is None else first_seen,
        burst=window_burst(whole, end, width, now_s, started_s, retention_s),
        sparkline=tuple(sum(counts[place : place + part]) for place in range(0, len(counts), part)),
    )
