"""What the benchmark of the trends feeds in: enriched articles with many names, and counters as the service itself keeps them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any

import orjson

from benchmarks.articles import seeds
from benchmarks.broker import KeyedValue
from schemas.identity import article_id, content_digest
from schemas.media_topics import MEDIA_TOPICS
from services.trends.change import Cell, Change
from services.trends.clock import Clock
from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S, bucket_of
from services.trends.keys import TrendKey

ENTITIES = 15
LANGUAGES = ("ar", "de", "es", "fr", "hi", "pt", "ru", "uk", "zh", "en")

_NAMES, _SOURCES, _WORDS = 20_000, 200, 300
_TYPES = ("PER", "ORG", "LOC", "MISC")
_STEP_S = 1
_WEEK_BUCKETS = 7 * 24 * 4
_OK = {"model": "bench", "version": "1", "status": "ok"}


def enriched_articles(count: int) -> Iterator[KeyedValue]:
    """So many articles, one a second until now: words of a seed drawn anew, names of 20,000, the first ones much more often."""
    texts = [seed["text"].split() for seed in seeds() if "text" in seed]
    now_s = int(time.time())
    for number in range(count):
        chance = Random(number)
        url = f"https://bench.example/{number}"
        text = " ".join(chance.choices(texts[number % len(texts)], k=_WORDS))
        moment = datetime.fromtimestamp(now_s - (count - number) * _STEP_S, UTC).isoformat().replace("+00:00", "Z")
        yield article_id(url).encode(), orjson.dumps(_document(url, text, moment, LANGUAGES[number % len(LANGUAGES)], chance))


def _document(url: str, text: str, moment: str, language: str, chance: Random) -> dict[str, Any]:
    names: dict[str, None] = {}
    while len(names) < ENTITIES:
        names[name_of(int(_NAMES ** chance.random()))] = None
    title = "Newsloom counts what is said"
    return {
        "schema_version": 1,
        "article_id": article_id(url),
        "url": url,
        "canonical_url": url,
        "title": title,
        "text": text,
        "published_at": {"value": moment, "precision": "second", "evidence": "given"},
        "collected_at": moment,
        "source": {"id": f"bench-{chance.randrange(_SOURCES)}", "country": "NO"},
        "word_count": _WORDS,
        "content_digest": content_digest(title, text),
        "language": {"tag": language, "confidence": 0.99, "iso639_3": "und", "script": "Zyyy"},
        "entities": [_entity(name, rank, len(text)) for rank, name in enumerate(names)],
        "sentiment": {"label": "neutral", "score": round(chance.uniform(-1, 1), 4), "confidence": 0.9},
        "topics": [{"qcode": code, "name": MEDIA_TOPICS[code], "confidence": 0.9} for code in list(MEDIA_TOPICS)[:2]],
        "annotations": {stage: _OK for stage in ("language", "entities", "sentiment", "topics")},
    }


def _entity(name: str, rank: int, end: int) -> dict[str, Any]:
    mention = {"field": "text", "start": 0, "end": min(end, len(name)), "surface": name, "confidence": 0.9}
    return {"type": _TYPES[len(name) % 4], "name": name, "mentions": [mention] * 3, "salience": round(1 / (rank + 2), 4)}


@lru_cache(maxsize=200_000)
def name_of(number: int) -> str:
    """A name of two words of the seeds, in one script or another, the same for the same number."""
    words = Random(number).choices(_words(), k=2)
    return f"{words[0]} {words[1]} {number}"


@lru_cache(maxsize=1)
def _words() -> list[str]:
    return sorted({word[:12] for seed in seeds() if "text" in seed for word in seed["text"].split()})


def counter_records(count: int, partitions: int) -> Iterator[tuple[int, bytes, bytes]]:
    """The changelog of so many keys as (partition, key, value): seldom names have one bucket, the most frequent a week's.

    Half of all names that are ever in the news come once; the number of buckets falls off as its inverse.
    """
    now_s = int(time.time())
    last, chance = bucket_of(now_s), Random(count)
    for number in range(count):
        name = name_of(number)
        key = TrendKey("entity", _TYPES[number % 4], name.casefold(), LANGUAGES[number % len(LANGUAGES)])
        counter, size = Counter(), min(_WEEK_BUCKETS, int(1 / max(1e-6, chance.random())))
        cells = [_cell(last - chance.randrange(_WEEK_BUCKETS - 8), chance) for _ in range(size)]
        counter.apply(Change(key, name, number % 4, number, tuple(cells)))
        yield key.partition(partitions), key.to_bytes(), counter.to_bytes()


def _cell(bucket: int, chance: Random) -> Cell:
    return Cell(
        bucket, chance.randrange(_SOURCES), originals=1, duplicates=0, sentiment=chance.randint(-10_000, 10_000), scored=1
    )


def clock_value() -> bytes:
    """The stream's time as the tables keep it: now, and a week of history."""
    now_s = int(time.time())
    return Clock(now_s, now_s - _WEEK_BUCKETS * BUCKET_S).to_bytes()
