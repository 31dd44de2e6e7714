"""Reads a record of news.enriched: what of an article counts, when, and a signature to find its copies by (pure)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from uuid import UUID

import orjson

from services.runtime.errors import InvalidRecord
from services.runtime.records import Record
from services.trends.article import Article, decode
from services.trends.event_time import collection_time, event_time
from services.trends.keys import MAX_NAME, TrendKey, normalised
from services.trends.signature import Signature, signature

# A page of results or a list of names mentions more; its tail says nothing about the news.
MAX_ENTITIES = 500

_VERSION = 1
# Version, bytes of the JSON part, bytes of the signature's bands; the sketch is the rest.
_HEAD = struct.Struct("<BIH")


@dataclass(frozen=True, slots=True)
class Reading:
    """What of one record of news.enriched counts."""

    article_id: str
    partition: int
    offset: int
    event_time_s: int
    collected_s: int
    """When it was collected, seconds since 1970: what comes before that of the first article is no history."""
    source: str
    """Identifier of the outlet; empty when unknown."""
    sentiment: int | None
    """Of the article, in ten-thousandths from −10,000 to 10,000; None when it wasn't scored."""
    keys: tuple[tuple[TrendKey, str], ...]
    """What it mentions, each once, with the name to show."""
    signature: Signature | None
    """None when the text is too short to compare."""

    def to_bytes(self) -> bytes:
        """The message of news.trends.articles."""
        keys = [[key.kind, key.type, key.name, key.language, label] for key, label in self.keys]
        place = [self.article_id, self.partition, self.offset]
        body = orjson.dumps([*place, self.event_time_s, self.collected_s, self.source, self.sentiment, keys])
        bands, sketch = (self.signature.bands, self.signature.sketch) if self.signature is not None else (b"", b"")
        return _HEAD.pack(_VERSION, len(body), len(bands)) + body + bands + sketch


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The article is to be uncounted."""

    article_id: str
    partition: int
    offset: int

    def to_bytes(self) -> bytes:
        """The message of news.trends.articles."""
        body = orjson.dumps([self.article_id, self.partition, self.offset])
        return _HEAD.pack(_VERSION, len(body), 0) + body


def reading_from_bytes(data: bytes) -> Reading | Withdrawal:
    """What `to_bytes` of either was made of.

    Raises:
        InvalidRecord: it was made by neither.
    """
    try:
        version, length, bands_length = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise ValueError(f"version {version}, not {_VERSION}")
        fields = orjson.loads(data[_HEAD.size : (end := _HEAD.size + length)])
        if len(fields) == 3:
            return Withdrawal(*fields)
        bands, sketch = data[end : end + bands_length], data[end + bands_length :]
        article_id, partition, offset, event_time_s, collected_s, source, sentiment, rows = fields
        keys = tuple((TrendKey(kind, type_, name, tag), label) for kind, type_, name, tag, label in rows)
        found = Signature(bands, sketch) if bands else None
        return Reading(article_id, partition, offset, event_time_s, collected_s, source, sentiment, keys, found)
    except (ValueError, TypeError, struct.error) as error:
        raise InvalidRecord("invalid_message", f"no message of news.trends.articles: {error}"[:300]) from None


def read(record: Record, retention_s: int) -> Reading | Withdrawal:
    """What a record of news.enriched says; a null value withdraws the article that the key names.

    Raises:
        InvalidRecord: it is no enriched article, or its key isn't the article's id, or it has no timestamp.
    """
    article_id = _article_id(record.key)
    if record.value is None:
        return Withdrawal(article_id, record.partition, record.offset)
    if record.timestamp_ms <= 0:
        raise InvalidRecord("no_timestamp", "the record has no timestamp, so nothing bounds its event time")
    article = decode(record.value)
    if str(article.article_id) != article_id:
        raise InvalidRecord("invalid_key", "the key isn't the article_id of the value")
    score = article.sentiment.score if article.sentiment is not None and article.is_usable("sentiment") else None
    return Reading(
        article_id=article_id,
        partition=record.partition,
        offset=record.offset,
        event_time_s=event_time(article.published_at, article.collected_at, record.timestamp_ms, retention_s),
        collected_s=collection_time(article.collected_at, record.timestamp_ms),
        source=article.outlet,
        keys=tuple(_each_once(_keys(article))),
        sentiment=None if score is None else round(score * 10_000),
        signature=signature(article.text),
    )


def _article_id(key: bytes | None) -> str:
    """Raises InvalidRecord unless the key is a UUID in text form."""
    try:
        if key is not None and len(key) == 36:
            return str(UUID(key.decode("ascii")))
    except ValueError:
        pass
    raise InvalidRecord("invalid_key", "the key is no article_id")


def _keys(article: Article) -> Iterator[tuple[TrendKey, str]]:
    tag = article.language.tag
    yield TrendKey("language", "", tag, tag), tag
    if article.source is not None and article.source.country is not None:
        yield TrendKey("country", "", article.source.country, tag), article.source.country
    if article.is_usable("topics"):
        for topic in article.topics:
            yield TrendKey("topic", "", topic.qcode, tag), topic.name
    if article.is_usable("entities"):
        entities = article.entities
        if len(entities) > MAX_ENTITIES:
            entities = tuple(nsmallest(MAX_ENTITIES, entities, key=lambda entity: -entity.salience))
        for entity in entities:
            name = normalised(entity.name)
            if name is not None:
                yield TrendKey("entity", entity.type, name, tag), " ".join(entity.name.split())[:MAX_NAME]


def _each_once(pairs: Iterator[tuple[TrendKey, str]]) -> Iterator[tuple[TrendKey, str]]:
    seen: set[TrendKey] = set()
    for key, name in pairs:
        if key not in seen:
            seen.add(key)
            yield key, name
