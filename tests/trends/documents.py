"""An article of the made corpus, and the record of news.enriched that says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import orjson

from schemas.identity import content_digest
from schemas.media_topics import MEDIA_TOPICS
from tests.trends.words import LANGUAGES

Dating = Literal["sound", "late", "beyond", "future", "day", "missing", "ancient"]

_OK = {"model": "made", "version": "1", "status": "ok"}


@dataclass(frozen=True, slots=True)
class Named:
    """An entity as the article writes it."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Outlet:
    """Who publishes; `country` is null for one outlet of each language."""

    id: str
    country: str | None


@dataclass(frozen=True)
class Article:
    """All that is true of a version of an article; times in seconds since 1970."""

    article_id: str
    url: str
    language: str
    outlet: Outlet
    title: str
    words: Sequence[str]
    named: tuple[Named, ...]
    topics: tuple[str, ...]
    sentiment: float | None
    sentiment_status: str
    dating: Dating
    published_s: int | None
    precision: str
    collected_s: int
    revision: int = 0
    cluster: int | None = None
    """Which original it was copied from, or is; None when it has no planted copy."""

    @cached_property
    def text(self) -> str:
        """The body: its words, then its names."""
        return self._tail[0]

    @cached_property
    def _tail(self) -> tuple[str, list[int]]:
        blank = LANGUAGES[self.language].blank
        text, places = blank.join(self.words) + ".", []
        for each in self.named:
            text += " "
            places.append(len(text))
            text += each.name + ","
        return text, places

    def encoded(self) -> bytes:
        """The value of its record."""
        return orjson.dumps(self._document())

    def _document(self) -> dict[str, Any]:
        script = LANGUAGES[self.language]
        language = {"tag": self.language, "confidence": 0.99, "iso639_3": script.languages[self.language]}
        status = self.sentiment_status
        return {
            "schema_version": 1,
            "article_id": self.article_id,
            "url": self.url,
            "canonical_url": self.url,
            "title": self.title,
            "text": self.text,
            **({} if self.published_s is None else {"published_at": self._published()}),
            "collected_at": rfc3339(self.collected_s),
            "source": {"id": self.outlet.id, "name": self.outlet.id, **self._country()},
            "revision": self.revision,
            "word_count": len(self.words),
            "content_digest": content_digest(self.title, self.text),
            "language": {**language, "script": script.iso15924},
            "entities": self._entities(),
            **({} if self.sentiment is None else {"sentiment": _sentiment(self.sentiment)}),
            "topics": [{"qcode": code, "name": MEDIA_TOPICS[code], "confidence": 0.8} for code in self.topics],
            "annotations": {
                **{stage: _OK for stage in ("language", "entities", "topics")},
                "sentiment": {**_OK, "status": status},
            },
        }

    def _published(self) -> dict[str, str]:
        assert self.published_s is not None
        return {"value": rfc3339(self.published_s), "precision": self.precision, "evidence": "given"}

    def _country(self) -> dict[str, str]:
        return {} if self.outlet.country is None else {"country": self.outlet.country}

    def _entities(self) -> list[dict[str, Any]]:
        _, places = self._tail
        return [
            {
                "type": each.type,
                "name": each.name,
                "mentions": [{"field": "text", "start": at, "end": at + len(each.name), "surface": each.name, "confidence": 0.9}],
                "salience": round(1 / (2 + rank), 4),
            }
            for rank, (each, at) in enumerate(zip(self.named, places, strict=True))
        ]


def rfc3339(seconds: int) -> str:
    """The moment as contracts write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _sentiment(score: float) -> dict[str, Any]:
    label = "negative" if score < -0.2 else "positive" if score > 0.2 else "neutral"
    return {"label": label, "score": score, "confidence": 0.8}
