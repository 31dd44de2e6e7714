"""news.raw v1: an article as a scraper hands it over; only `url` and one of `text` and `html` are required."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from schemas.contract import Contract
from schemas.identity import canonical_url
from schemas.publication_date import GivenDate, Moment
from schemas.text_types import CountryCode, LanguageTag, Name, ShortText

VERSION = 1


def _checked_url(value: object) -> object:
    """The URL as given, without blanks around it; raises ValueError unless it has a canonical form."""
    if isinstance(value, str):
        canonical_url(value)
        return value.strip()
    return value


Url = Annotated[str, BeforeValidator(_checked_url), Field(max_length=8_192)]
"""An absolute URL of scheme http, https, file or urn."""


class Source(Contract):
    """The outlet that published the article."""

    id: Name = Field(description="Stable identifier of the source, e.g. its slug")
    name: Name | None = Field(None, description="Name as readers know it")
    domain: Name | None = Field(None, description="Host name without scheme")
    country: CountryCode | None = Field(None, description="ISO 3166-1 alpha-2")


class Collector(Contract):
    """The program that collected the article."""

    name: Name = Field(description="Program name")
    version: Name | None = Field(None, description="Program version")


class OptOut(Contract):
    """A wish about text and data mining that the page or its site states in a form for machines."""

    mechanism: Name = Field(description="robots-ai, x-robots-tag, meta-robots, tdm-file, tdm-header or tdm-meta")
    value: ShortText = Field(description="What it says: the agents or directives, comma-separated, or the TDM reservation, 1")
    policy: Url | None = Field(None, description="URL of the policy under which mining may be allowed")


class RawArticle(Contract):
    """An article in any language, before enrichment."""

    url: Url = Field(description="Absolute URL where it was found; schemes http, https, file, urn")
    title: str | None = Field(None, max_length=10_000, description="Headline, plain text, any Unicode form")
    text: str | None = Field(None, description="Body as plain text; wins over html when both are given")
    html: str | None = Field(None, description="Page or fragment as HTML; the body is extracted from it when text is missing")
    canonical_url: Url | None = Field(None, description="The publisher's own canonical URL; identity is made from it when given")
    article_id: str | None = Field(
        None, max_length=100, description="Replaced when it differs from the UUIDv5 of the canonical URL"
    )
    source: Source | None = Field(None, description="The outlet")
    authors: tuple[Name, ...] | None = Field(None, max_length=100, description="Bylines, one person or agency each")
    published_at: GivenDate | None = Field(None, description="RFC 3339, or only year, month or day; a missing zone is UTC")
    collected_at: Moment | None = Field(None, description="RFC 3339; the record's timestamp when missing")
    language_hint: LanguageTag | None = Field(None, description="BCP 47 tag that the source declares; never trusted blindly")
    section: ShortText | None = Field(None, description="The outlet's section, in its own words")
    image: Url | None = Field(None, description="URL of the lead image")
    licence: ShortText | None = Field(None, description="SPDX identifier or URL of the text's licence")
    revision: int | None = Field(None, ge=0, description="Counts up when the publisher changes the article; 0 is the first")
    collector: Collector | None = Field(None, description="The program that collected it")
    opt_outs: tuple[OptOut, ...] | None = Field(
        None, max_length=20, description="What its publisher says against text and data mining, as the collector found it"
    )
    is_accessible_for_free: bool | None = Field(
        None, description="What the page itself says (schema.org isAccessibleForFree); text behind a paywall is not collected"
    )
