"""Records, changes and counters to count with."""

from collections.abc import Iterable
from typing import Any

import orjson

from services.runtime.records import Record
from services.trends.change import Cell, Change
from services.trends.counter import Counter
from services.trends.keys import TrendKey

KEY = TrendKey("entity", "LOC", "أذربيجان", "ar")
LABEL = "أذربيجان"
ARTICLE_ID = "3f3a05c1-5aa5-5c2e-b0e5-e34125a15cb5"
COLLECTED = "2023-09-19T12:00:00Z"
TIMESTAMP_MS = 1_695_124_805_000  # five seconds later
WEEK_S = 7 * 86_400
_OK = {"model": "m", "version": "1", "status": "ok"}


def enriched(**fields: Any) -> dict[str, Any]:
    """An enriched article as a JSON object; fields that are None are left out."""
    document = {
        "schema_version": 1,
        "article_id": ARTICLE_ID,
        "url": "https://manara.example/1",
        "canonical_url": "https://manara.example/1",
        "title": "باكو",
        "text": "أعلنت أذربيجان بدء عملية. " * 3,
        "published_at": {"value": "2023-09-19T11:30:00Z", "precision": "minute", "evidence": "json-ld"},
        "collected_at": COLLECTED,
        "source": {"id": "manara", "country": "AE"},
        "word_count": 12,
        "content_digest": "sha256:0",
        "language": {"tag": "ar", "confidence": 0.99, "iso639_3": "ara", "script": "Arab"},
        "entities": [entity("LOC", "أذربيجان")],
        "sentiment": {"label": "negative", "score": -0.8926, "confidence": 0.9},
        "topics": [{"qcode": "medtop:16000000", "name": "conflict, war and peace", "confidence": 0.9}],
        "annotations": {stage: _OK for stage in ("language", "entities", "sentiment", "topics")},
    }
    return {name: value for name, value in {**document, **fields}.items() if value is not None}


def entity(type_: str, name: str, salience: float = 0.5) -> dict[str, Any]:
    mention = {"field": "text", "start": 0, "end": len(name), "surface": name, "confidence": 0.9}
    return {"type": type_, "name": name, "mentions": [mention], "salience": salience}


def record(value: Any, key: bytes | None = ARTICLE_ID.encode(), offset: int = 7, timestamp_ms: int = TIMESTAMP_MS) -> Record:
    """A record of news.enriched; a value that is no bytes is put into JSON, None is a tombstone."""
    if value is not None and not isinstance(value, bytes):
        value = orjson.dumps(value)
    return Record("news.enriched", 2, offset, key, value, (), timestamp_ms)


def cell(bucket: int, originals: int = 1, duplicates: int = 0, sentiment: int = 0, scored: int = 0, source: int = 1) -> Cell:
    return Cell(bucket, source, originals, duplicates, sentiment, scored)


def change(*cells: Cell, offset: int = 0, partition: int = 0, name: str = LABEL, key: TrendKey = KEY) -> Change:
    return Change(key, name, partition, offset, cells)


def counter_of(counts: Iterable[tuple[int, int]]) -> Counter:
    """A counter with so many originals in each bucket, given as (bucket, originals)."""
    counter = Counter()
    counter.apply(change(*(cell(bucket, originals) for bucket, originals in counts if originals)))
    return counter
