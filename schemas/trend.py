"""news.trends v1: how much was said of a name, a language, a country or a topic in a quarter of an hour, and is it new."""

from datetime import datetime
from typing import Literal

import orjson
from pydantic import Field

from schemas.contract import Contract
from schemas.enriched_article import EntityType
from schemas.publication_date import Moment, rfc3339

VERSION = 1

Kind = Literal["entity", "language", "country", "topic"]


class Window(Contract):
    """A stretch of event time."""

    start: Moment = Field(description="First moment, RFC 3339 UTC")
    end: Moment = Field(description="The moment after the last, RFC 3339 UTC")


class Burst(Contract):
    """How unusual the number of mentions is for this very thing, against its own history."""

    score: float = Field(description="Deviation of observed from expected by the method, in standard deviations; four decimals")
    expected: float = Field(ge=0, description="Mentions that its own history makes us expect; four decimals")
    observed: int = Field(ge=0, description="Mentions: originals and duplicates")
    rising: bool = Field(description="Whether the score and the number of mentions pass the method's limits")
    method: str = Field(description="Name of the method; docs/trends.md has its formula and source")
    version: str = Field(description="Version of the method: scores of different versions don't compare")


class Trend(Contract):
    """What was said in one window about one thing in the articles of one language; the last record of a key holds."""

    schema_version: Literal[1] = Field(1, description="Version of this contract")
    kind: Kind = Field(description="What is counted: a named entity, a language, a source's country, a media topic")
    type: EntityType | None = Field(None, description="Of an entity: PER, ORG, LOC or MISC; else null")
    name: str = Field(
        description="entity: its name in NFKC, case-folded, blanks collapsed; language: BCP 47 tag; country: ISO 3166-1 alpha-2; "
        "topic: IPTC QCode"
    )
    label: str = Field(description="The name as it is to be shown: an entity's commonest spelling, a topic's English name")
    language: str = Field(description='BCP 47 tag of the articles that are counted here, "und" when undecided')
    window: Window = Field(description="A quarter of an hour of event time; its start is part of the key")
    originals: int = Field(ge=0, description="Articles that are no near-duplicate of an earlier one")
    duplicates: int = Field(ge=0, description="Articles that are one: see news.duplicates")
    sources: int = Field(ge=0, description="Different outlets among originals and duplicates")
    sources_complete: bool = Field(
        description="False when the thing has too many outlets to remember them all: there are more then"
    )
    sentiment: float | None = Field(
        None, ge=-1, le=1, description="Mean of the scored articles' sentiment, four decimals; null when none was scored"
    )
    scored: int = Field(ge=0, description="Articles that the mean is made of")
    first_seen: Moment = Field(
        description="Start of the first window with a mention; a thing is forgotten when nothing is said of it for seven days"
    )
    burst: Burst = Field(description="Whether the hour that ends with the window is unusual for it")

    @property
    def key(self) -> bytes:
        """The record's key."""
        return record_key(self.kind, self.type, self.name, self.language, self.window.start)


def record_key(kind: str, type: str | None, name: str, language: str, window_start: datetime) -> bytes:
    """The key of a record of news.trends: JSON array [kind, type or null, name, language, window start in RFC 3339]."""
    return orjson.dumps([kind, type or None, name, language, rfc3339(window_start)])
