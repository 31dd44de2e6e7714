"""What the API knows: the rankings of the partitions that are here, as rows of its answer."""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, cast

from schemas.enriched_article import EntityType
from schemas.trend import Kind
from services.trends.answer import LanguageShare, Row, merged
from services.trends.counters import Counters
from services.trends.query import Query
from services.trends.ranking import Row as Ranked
from services.trends.trend import moment, shown


class Board:
    """Reads the counters of this worker; changes nothing."""

    def __init__(self, counters: Counters) -> None:
        """Over the counters as they are at each question."""
        self._counters = counters

    @property
    def now_s(self) -> int | None:
        """The stream's time, seconds since 1970; None before the first article."""
        return self._counters.now_s or None

    @property
    def partitions(self) -> Collection[int]:
        """Those whose ranking is complete."""
        return self._counters.loaded

    def top(self, query: Query, now_s: int) -> Sequence[Row]:
        """The first rows of all partitions that are here, for the window that ends at `now_s`."""
        return merged(list(self._rows(query, now_s)), query.order, query.limit)

    def _rows(self, query: Query, now_s: int) -> Iterator[Row]:
        for ranked in self._counters.top(
            query.window_s,
            now_s,
            query.kind,
            query.type,
            query.language,
            query.limit,
            cast(Literal["burst", "mentions"], query.order),
        ):
            yield as_answered(ranked)


def as_answered(ranked: Ranked) -> Row:
    """A row of a ranking as the API shows it."""
    total = ranked.total
    return Row(
        kind=cast(Kind, ranked.kind),
        type=cast(EntityType | None, ranked.type or None),
        name=ranked.name,
        label=ranked.label,
        language=ranked.languages[0][0] if len(ranked.languages) == 1 else None,
        languages=tuple(LanguageShare(tag=tag, mentions=mentions) for tag, mentions in ranked.languages),
        originals=max(total.originals, 0),
        duplicates=max(total.duplicates, 0),
        sources=total.sources,
        sources_complete=total.sources_complete,
        sentiment=total.sentiment,
        first_seen=moment(ranked.first_seen_bucket),
        burst=shown(ranked.burst),
        sparkline=ranked.sparkline,
    )
