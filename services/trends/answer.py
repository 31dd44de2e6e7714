"""What the HTTP API answers: /trends as models, the same for a worker's share and for the whole."""

from collections.abc import Sequence

from pydantic import Field

from schemas.contract import Contract
from schemas.enriched_article import EntityType
from schemas.publication_date import Moment
from schemas.trend import Burst, Kind, Window


class LanguageShare(Contract):
    """How much of it is in one language."""

    tag: str = Field(description="BCP 47 tag of the articles")
    mentions: int = Field(ge=0, description="Originals and duplicates in the window")


class Row(Contract):
    """One thing that is talked about, over the window that was asked for."""

    kind: Kind = Field(description="As in news.trends")
    type: EntityType | None = Field(None, description="Of an entity; else null")
    name: str = Field(description="Normalised name: what is counted")
    label: str = Field(description="The name as it is to be shown")
    language: str | None = Field(None, description="Tag of the articles when they are all of one language; else null")
    languages: tuple[LanguageShare, ...] = Field(description="By language, most mentions first")
    originals: int = Field(ge=0, description="Articles that are no near-duplicate")
    duplicates: int = Field(ge=0, description="Articles that are one")
    sources: int = Field(ge=0, description="Different outlets")
    sources_complete: bool = Field(description="False when there are more outlets than are remembered")
    sentiment: float | None = Field(None, ge=-1, le=1, description="Mean, four decimals; null when nothing was scored")
    first_seen: Moment = Field(description="Start of the first quarter of an hour with a mention that is still remembered")
    burst: Burst = Field(description="How unusual the window is for it")
    sparkline: tuple[int, ...] = Field(
        description="Mentions in 24 equal parts, oldest first: of the window, or of the last six hours when it is shorter"
    )

    @property
    def mentions(self) -> int:
        """Originals and duplicates."""
        return self.originals + self.duplicates


class Answer(Contract):
    """The answer to GET /trends."""

    now: Moment | None = Field(None, description="The stream's time: the latest event time seen; null before the first article")
    window: Window | None = Field(None, description="What was summed; null before the first article")
    trends: tuple[Row, ...] = Field(description="In the order that was asked for")
    workers: int = Field(ge=1, description="Workers that hold a share of the counters")
    partitions: tuple[int, ...] = Field((), description="Partitions of the counters that are in the numbers")
    partial: bool = Field(description="Whether a worker's share is missing: it didn't answer, or is still reading its state")


def merged(rows: Sequence[Row], order: str, limit: int) -> tuple[Row, ...]:
    """The first rows of several workers' shares; nothing is in two shares."""
    return tuple(sorted(rows, key=_BY[order])[:limit])


_BY = {
    "burst": lambda row: (-row.burst.score, -row.mentions, row.name, row.type or ""),
    "mentions": lambda row: (-row.mentions, -row.burst.score, row.name, row.type or ""),
}
