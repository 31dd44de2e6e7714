"""What benchmarks feed in: the seeds and long articles in twelve languages, again and again under new URLs, and small records
of an exact size cut from the seeds.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson

from benchmarks.broker import KeyedValue
from schemas.identity import article_id
from services.enricher.training.written import read_written

SEEDS = Path(__file__).parents[1] / "seeds" / "articles.jsonl"
WRITTEN = Path(__file__).parents[1] / "written"

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "id", "ja", "ru", "sw", "tr", "zh")
_WORDS, _CHARACTERS = 500, 1_000


def seeds() -> list[dict[str, Any]]:
    """The seed articles as they are in the file."""
    return [orjson.loads(line) for line in SEEDS.read_bytes().splitlines()]


def long_articles(languages: Sequence[str] = LANGUAGES) -> list[dict[str, Any]]:
    """An article of 500 words a language (1,000 characters where words aren't parted), put together from our own news."""
    lines: dict[str, list[str]] = {language: [] for language in languages}
    for item in read_written(WRITTEN):
        if item.lines[0].language in lines:
            lines[item.lines[0].language] += [line.text for line in item.lines]
    return [
        {"url": f"https://bench.example/{language}", "text": "\n".join(_enough(language, own))} for language, own in lines.items()
    ]


def _enough(language: str, lines: Sequence[str]) -> Iterator[str]:
    size, most = 0, _CHARACTERS if language in ("ja", "zh") else _WORDS
    for line in lines:
        if size >= most:
            return
        size += len(line) if language in ("ja", "zh") else len(line.split())
        yield line


def repeated(articles: Sequence[Mapping[str, Any]], count: int) -> Iterator[KeyedValue]:
    """So many articles: these in order, round after round, each time under a new URL."""
    for number, article in zip(range(count), itertools.cycle(articles), strict=False):
        url = f"{article['url']}?bench={number}"
        yield article_id(url).encode(), orjson.dumps({**article, "url": url})


def repeated_seeds(count: int) -> Iterator[KeyedValue]:
    """So many seeds, as `repeated` does."""
    return repeated(seeds(), count)


def small_articles(count: int, size_bytes: int) -> Iterator[KeyedValue]:
    """So many articles of exactly that size, with most optional fields, in the languages of the seeds by turns.

    A text is words of one seed, drawn anew: pieces of seeds would come again within a batch and compress as no news does.
    """
    texts = [seed["text"].split() for seed in seeds() if "text" in seed]
    for number in range(count):
        url = f"https://bench.example/2025/11/{number}"
        article = {
            "url": url,
            "title": "Newsloom moves records",
            "source": {"id": "bench", "name": "Bench Daily", "domain": "bench.example", "country": "NO"},
            "authors": ["Ada Bench"],
            "published_at": "2025-11-24T08:15:00+01:00",
            "collected_at": "2025-11-24T07:20:31Z",
            "section": "Local",
            "licence": "CC0-1.0",
            "collector": {"name": "newsloom-bench", "version": "1"},
            "text": "",
        }
        room = size_bytes - len(orjson.dumps(article))
        article["text"] = _exactly(" ".join(Random(number).choices(texts[number % len(texts)], k=size_bytes // 2)), room)
        yield article_id(url).encode(), orjson.dumps(article)


def _exactly(text: str, room: int) -> str:
    """The text cut and filled up so that it takes exactly so many bytes in a JSON document."""
    plain = text.replace('"', "'").replace("\\", "/").encode()
    cut = plain[: max(room, 0)].decode("utf-8", "ignore")
    return cut + "." * (room - len(cut.encode()))
