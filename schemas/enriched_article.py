"""news.enriched v1: the article with everything the enricher found out; a pure function of the raw record and the models."""

from typing import Literal

from pydantic import Field

from schemas.contract import Contract
from schemas.publication_date import Moment, PublicationDate
from schemas.raw_article import OptOut, Source

VERSION = 1

EntityType = Literal["PER", "ORG", "LOC", "MISC"]
SentimentLabel = Literal["negative", "neutral", "positive"]
Status = Literal["ok", "unsupported_language", "low_confidence", "truncated", "failed", "disabled"]

_CONFIDENCE = "0–1, rounded to four decimals"


class LanguagePart(Contract):
    """A stretch of the text in one language."""

    start: int = Field(ge=0, description="First code point of `text`")
    end: int = Field(ge=0, description="Code point of `text` after the last")
    tag: str = Field(description="BCP 47")


class LanguageGuess(Contract):
    """A language that the article may be in."""

    tag: str = Field(description='BCP 47 in canonical form, "und" when it is no language or undecided')
    confidence: float = Field(ge=0, le=1, description=_CONFIDENCE)


class Language(LanguageGuess):
    """What language the article is in."""

    iso639_3: str = Field(description='ISO 639-3; the macrolanguage where BCP 47 names it, "und" when undecided')
    script: str = Field(description='ISO 15924 of most of its letters, "Zyyy" when it has none')
    runner_up: LanguageGuess | None = Field(None, description="The next likely language")
    parts: tuple[LanguagePart, ...] = Field((), description="Stretches by language when the text mixes several; else empty")


class Sentiment(Contract):
    """Three classes and a score."""

    label: SentimentLabel = Field(description="The likeliest class")
    score: float = Field(ge=-1, le=1, description="P(positive) − P(negative), four decimals")
    confidence: float = Field(ge=0, le=1, description=f"Probability of the label, {_CONFIDENCE}")


class Mention(Contract):
    """One place where an entity is named."""

    field: Literal["title", "text"] = Field(description="Which field of this record the offsets point into")
    start: int = Field(ge=0, description="First Unicode code point")
    end: int = Field(ge=1, description="Code point after the last")
    surface: str = Field(description="field[start:end], exactly")
    confidence: float = Field(ge=0, le=1, description=_CONFIDENCE)


class Entity(Contract):
    """A person, organisation, place or other named thing, with all its mentions."""

    type: EntityType = Field(description="PER person, ORG organisation, LOC place, MISC event, work, product, law")
    name: str = Field(description="Longest mention in NFKC without attached clitics")
    mentions: tuple[Mention, ...] = Field(min_length=1, description="In reading order, title first")
    salience: float = Field(
        ge=0, le=1, description="How central to the article: see services/enricher/salience.py; four decimals"
    )
    sentiment: Sentiment | None = Field(None, description="The stance towards this entity; null when not scored")


class Topic(Contract):
    """An IPTC Media Topic."""

    qcode: str = Field(pattern=r"^medtop:\d{8}$", description="IPTC NewsCodes QCode")
    name: str = Field(description="English name of the topic (IPTC, CC-BY-4.0)")
    confidence: float = Field(ge=0, le=1, description=_CONFIDENCE)


class Embedding(Contract):
    """A vector for semantic search, of unit length."""

    dim: int = Field(description="Number of components")
    dtype: Literal["f16"] = Field("f16", description="IEEE 754 half precision, little-endian")
    data: str = Field(description="Base64 of dim × 2 bytes")


class Annotation(Contract):
    """Which model made a value, and how it went."""

    model: str | None = Field(description="Model or method name; null when disabled")
    version: str | None = Field(description="Its version; null when disabled")
    digest: str | None = Field(None, description='"sha256:" and hex digest of the model file; null for a method without files')
    status: Status = Field(description="Whether the value can be used; a value is never silently empty")


class Warned(Contract):
    """An optional field that was bad and was set to null."""

    field: str = Field(description='Path, e.g. "source.country"')
    reason: str = Field(description="What was wrong, without the value")


class EnrichedArticle(Contract):
    """An article with its annotations. Offsets are Unicode code points into the title and text of this record."""

    schema_version: Literal[1] = Field(1, description="Version of this contract")
    article_id: str = Field(description="UUIDv5 of canonical_url; also the record's key")
    url: str = Field(description="As collected")
    canonical_url: str = Field(description="The form that identity is made from")
    title: str | None = Field(None, description="Plain text, NFC")
    text: str = Field(description="Plain text, NFC, markup removed, paragraphs separated by a blank line")
    published_at: PublicationDate | None = Field(None, description="When the publisher says it appeared")
    collected_at: Moment = Field(description="When it was collected, RFC 3339 UTC")
    source: Source | None = Field(None, description="The outlet")
    authors: tuple[str, ...] = Field((), description="Bylines")
    section: str | None = Field(None, description="The outlet's section, in its own words")
    image: str | None = Field(None, description="URL of the lead image")
    licence: str | None = Field(None, description="SPDX identifier or URL of the text's licence")
    revision: int = Field(0, ge=0, description="0 is the first version that was published")
    opt_outs: tuple[OptOut, ...] = Field((), description="What its publisher says against text and data mining")
    is_accessible_for_free: bool | None = Field(None, description="What the page itself says; null when it says nothing")
    word_count: int = Field(ge=0, description="Words of the text by UAX #29")
    content_digest: str = Field(description='"sha256:" and hex digest of title and text')
    fingerprint: str | None = Field(None, description="64-bit SimHash of the text, 16 hex digits; near copies differ in few bits")
    language: Language = Field(description="What language it is in")
    entities: tuple[Entity, ...] = Field((), description="Named entities, most salient first")
    sentiment: Sentiment | None = Field(None, description="How the reported events read to a general reader")
    topics: tuple[Topic, ...] = Field((), description="IPTC Media Topics, most likely first")
    embedding: Embedding | None = Field(None, description="Vector of title and text")
    annotations: dict[str, Annotation] = Field(description="By stage: who made the value, and its status")
    warnings: tuple[Warned, ...] = Field((), description="Optional fields of the raw record that were bad and set to null")
