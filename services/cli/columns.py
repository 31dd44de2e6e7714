"""A record as a flat row: the columns of each topic, for CSV and Parquet (pure)."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from schemas.codec import Undecodable, decode_enriched, decode_raw
from schemas.control import Order
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision
from schemas.duplicate import Duplicate
from schemas.enriched_article import EnrichedArticle
from schemas.raw_article import RawArticle
from schemas.topics import (
    NEWS_CONTROL,
    NEWS_DUPLICATES,
    NEWS_ENRICHED,
    NEWS_ENRICHED_DLQ,
    NEWS_RAW,
    NEWS_RAW_DLQ,
    NEWS_RAW_DLQ_DECISIONS,
    NEWS_TRENDS,
    Topic,
)
from schemas.trend import Trend

if TYPE_CHECKING:
    from services.cli.reading import Fetched

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and the name of its type in Parquet ("entities", "topics" and "vector" are nested, see export_files)."""

    name: str
    type: str = "string"


def columns_of(topic: Topic) -> tuple[Column, ...]:
    """The columns of a topic's export."""
    return _COLUMNS[topic.name]


def row_of(record: "Fetched") -> Row | None:
    """The record's row; None when it is withdrawn, or isn't what its topic promises."""
    try:
        return _ROW_OF[record.topic](record)
    except (ValidationError, Undecodable):
        return None


def _enriched(record: "Fetched") -> Row | None:
    if record.value is None:
        return None
    article = decode_enriched(record.value)
    language, sentiment, published = article.language, article.sentiment, article.published_at
    return {
        **_same(article, "article_id", "url", "canonical_url", "title", "text", "section", "image", "licence", "revision"),
        **_same(article, "word_count", "collected_at", "fingerprint", "content_digest"),
        "language": language.tag,
        "script": language.script,
        "language_confidence": language.confidence,
        "published_at": published and published.value,
        "published_precision": published and published.precision,
        **_source(article),
        "authors": list(article.authors),
        "sentiment": sentiment and sentiment.label,
        "sentiment_score": sentiment and sentiment.score,
        "topics": [topic.model_dump() for topic in article.topics],
        "entities": [
            {"type": entity.type, "name": entity.name, "salience": entity.salience, "mentions": len(entity.mentions)}
            for entity in article.entities
        ],
        "embedding": _vector(article),
        "statuses": [f"{stage}:{annotation.status}" for stage, annotation in article.annotations.items()],
        "warnings": [f"{warning.field}: {warning.reason}" for warning in article.warnings],
    }


def _raw(record: "Fetched") -> Row | None:
    if record.value is None:
        return None
    article = decode_raw(record.value).article
    published = article.published_at
    return {
        "article_id": (record.key or b"").decode("utf-8", "replace"),
        **_same(article, "url", "canonical_url", "title", "text", "html", "section", "image", "licence", "revision"),
        **_same(article, "collected_at", "language_hint"),
        "published_at": published and published.value,
        "published_precision": published and published.precision,
        **_source(article),
        "authors": list(article.authors or ()),
    }


def _dead_letter(record: "Fetched") -> Row:
    letter = DeadLetter.from_headers(record.headers)
    names = (column.name for column in _COLUMNS[NEWS_RAW_DLQ.name])
    return {**_same(letter, *(name for name in names if name not in ("key", "value"))), "key": record.key, "value": record.value}


def _decision(record: "Fetched") -> Row:
    decision = Decision.model_validate_json(record.value or b"")
    places = {
        f"{name}_{part}": getattr(place, part)
        for name, place in (("dead_letter", decision.dead_letter), ("origin", decision.origin))
        for part in ("topic", "partition", "offset")
    }
    rest = ("action", "decided_at", "error_class", "stage", "attempts", "edited", "note")
    return {**places, **_same(decision, *rest), "redriven_to": decision.redriven_to and str(decision.redriven_to)}


def _duplicate(record: "Fetched") -> Row | None:
    return _same(Duplicate.model_validate_json(record.value), *_DUPLICATE) if record.value else None


def _trend(record: "Fetched") -> Row | None:
    if not record.value:
        return None
    trend = Trend.model_validate_json(record.value)
    return {
        **_same(trend, "kind", "type", "name", "label", "language", "originals", "duplicates", "sources", "sources_complete"),
        **_same(trend, "sentiment", "scored", "first_seen"),
        "window_start": trend.window.start,
        "window_end": trend.window.end,
        **{f"burst_{name}": getattr(trend.burst, name) for name in _BURST},
    }


def _order(record: "Fetched") -> Row | None:
    return _same(Order.model_validate_json(record.value), *_ORDER) if record.value else None


_ROW_OF: Mapping[str, Callable[["Fetched"], Row | None]] = MappingProxyType(
    {
        NEWS_ENRICHED.name: _enriched,
        NEWS_RAW.name: _raw,
        NEWS_RAW_DLQ.name: _dead_letter,
        NEWS_RAW_DLQ_DECISIONS.name: _decision,
        NEWS_CONTROL.name: _order,
        NEWS_ENRICHED_DLQ.name: _dead_letter,
        NEWS_DUPLICATES.name: _duplicate,
        NEWS_TRENDS.name: _trend,
    }
)


def _same(model: Any, *names: str) -> Row:
    return {name: getattr(model, name) for name in names}


def _source(article: EnrichedArticle | RawArticle) -> Row:
    source = article.source
    return {f"source_{name}": source and getattr(source, name) for name in ("id", "name", "domain", "country")}


def _vector(article: EnrichedArticle) -> bytes | None:
    return base64.b64decode(article.embedding.data) if article.embedding is not None else None


def _columns(text: str) -> tuple[Column, ...]:
    """From "name name:type …"."""
    return tuple(Column(*field.split(":")) for field in text.split())


_SOURCE = "source_id source_name source_domain source_country authors:strings "
_ORDER = ("group", "action", "reason", "ordered_by", "ordered_at")
_DUPLICATE = ("article_id", "original_id", "similarity", "group_size", "detected_at", "method", "version", "threshold")
_BURST = ("score", "expected", "observed", "rising", "method", "version")
_LETTER = (
    "error_class stage exception message topic partition:integer offset:integer attempts:integer "
    "first_failed_at:time last_failed_at:time source_timestamp:integer stack_trace key:bytes value:bytes"
)
_DATES = "published_at:time published_precision collected_at:time "
_COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        NEWS_ENRICHED.name: _columns(
            "article_id url canonical_url title text language script language_confidence:number "
            + _DATES
            + _SOURCE
            + "section image licence revision:integer word_count:integer sentiment sentiment_score:number topics:topics "
            "entities:entities embedding:vector fingerprint content_digest statuses:strings warnings:strings"
        ),
        NEWS_RAW.name: _columns(
            "article_id url canonical_url title text html language_hint "
            + _DATES
            + _SOURCE
            + "section image licence revision:integer"
        ),
        NEWS_RAW_DLQ.name: _columns(_LETTER),
        NEWS_ENRICHED_DLQ.name: _columns(_LETTER),
        NEWS_RAW_DLQ_DECISIONS.name: _columns(
            "action decided_at:time dead_letter_topic dead_letter_partition:integer dead_letter_offset:integer origin_topic "
            "origin_partition:integer origin_offset:integer redriven_to error_class stage attempts:integer edited:boolean note"
        ),
        NEWS_CONTROL.name: _columns("group action reason ordered_by ordered_at:time"),
        NEWS_DUPLICATES.name: _columns(
            "article_id original_id similarity:number group_size:integer detected_at:time method version threshold:number"
        ),
        NEWS_TRENDS.name: _columns(
            "kind type name label language window_start:time window_end:time originals:integer duplicates:integer "
            "sources:integer sources_complete:boolean sentiment:number scored:integer first_seen:time burst_score:number "
            "burst_expected:number burst_observed:integer burst_rising:boolean burst_method burst_version"
        ),
    }
)
