"""Reads annotated corpora and the seeds as articles.

The corpora folder holds ner/LANGUAGE.NAME.PART.jsonl.gz (tokens, IOB2 tags), ntrex/ (entities/LANGUAGE.jsonl.gz,
stories.tsv: document, sentiment, topics), articles/ntrex128.jsonl.gz and topic/multi.sib200.PART.jsonl.gz.
"""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.enricher.evaluation.joining import joined
from services.enricher.evaluation.tags import tag_spans

# Lines of NTREX whose names were marked after the current checkpoint was trained.
UNSEEN_NTREX = ("az", "bg", "bn", "cs", "el", "id", "ta", "ur")

# Every fourth story is left out of calibration, in all languages.
_HELD_OUT = 4

# SIB-200's labels that are a Media Topic; "geography" and "travel" are not quite any.
SIB_TOPICS: Mapping[str, str] = {
    "entertainment": "medtop:01000000",
    "health": "medtop:07000000",
    "politics": "medtop:11000000",
    "science/technology": "medtop:13000000",
    "sports": "medtop:15000000",
}

# Nothing like the news that we score for: historical newspapers read by machines, Korean that has lost its blanks.
_LEFT_OUT = ("europeana", "klue")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its gold."""

    language: str
    text: str
    title: str | None = None
    words: Sequence[tuple[int, int]] = ()
    """Where gold labels whole words: their edges."""
    spans: frozenset[Any] = frozenset()
    """Spans of the text; (field, start, end, type) when the gold has a title."""
    sentiment: str | None = None
    topics: Sequence[str] = ()
    document: str = ""


def ner_files(corpora: Path, part: str = "dev") -> list[Path]:
    """The files of a part ("train", "dev") in a fixed order."""
    paths = sorted(corpora.glob(f"ner/*.{part}.jsonl.gz"))
    return [path for path in paths if not any(name in path.name for name in _LEFT_OUT)]


def read_ner(path: Path, limit: int) -> list[Labelled]:
    """At most that many sentences of a token-labelled file, evenly spread; types outside PER, ORG, LOC left out."""
    rows = [row for row in read_lines(path) if row["tokens"] and all(row["tokens"])]
    return [_from_tokens(row) for row in rows[:: max(len(rows) // limit, 1)][:limit]]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file, packed or not."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def _from_tokens(row: Mapping[str, Any]) -> Labelled:
    text, words = joined(row["tokens"], row["lang"])
    spans = frozenset(span for span in tag_spans(row["tags"]) if span[2] in ("PER", "ORG", "LOC"))
    return Labelled(row["lang"], text, words=words, spans=spans)


def read_stories(corpora: Path, languages: Sequence[str]) -> list[Labelled]:
    """The NTREX stories in these languages, with sentiment and topics (the same in every language)."""
    gold = {}
    for line in (corpora / "ntrex/stories.tsv").read_text(encoding="utf-8").splitlines():
        document, sentiment, topics = line.split("\t")
        gold[document] = (sentiment, topics.split(","))
    return [
        Labelled(
            language=row["lang"],
            text=row["text"],
            title=row["title"],
            sentiment=gold[row["doc"]][0],
            topics=gold[row["doc"]][1],
            document=row["doc"],
        )
        for row in read_lines(corpora / "articles/ntrex128.jsonl.gz")
        if row["lang"] in languages and row["doc"] in gold
    ]


def held_out(document: str) -> bool:
    """Whether a story is kept away from calibration."""
    return zlib.crc32(document.encode()) % _HELD_OUT == 0


def read_annotated_lines(corpora: Path, language: str, limit: int) -> list[Labelled]:
    """At most that many lines of NTREX with their names; spans are (field, start, end, type)."""
    rows = read_lines(corpora / f"ntrex/entities/{language}.jsonl.gz")[:limit]
    return [
        Labelled(language, row["text"], spans=frozenset(_span("text", 0, entity) for entity in row["entities"])) for row in rows
    ]


def read_sib(corpora: Path, limit: int, part: str = "dev") -> list[Labelled]:
    """At most that many sentences a language of SIB-200, with their Media Topic."""
    taken: Counter[str] = Counter()
    sentences = []
    for row in read_lines(corpora / f"topic/multi.sib200.{part}.jsonl.gz"):
        if row["label"] in SIB_TOPICS and taken[row["flores"]] < limit:
            taken[row["flores"]] += 1
            sentences.append(Labelled(row["lang"], row["text"], topics=(SIB_TOPICS[row["label"]],)))
    return sentences


def read_annotated_stories(corpora: Path, language: str) -> list[Labelled]:
    """The NTREX stories with names marked in some or all lines; spans are (field, start, end, type)."""
    marked = {row["id"]: row["entities"] for row in read_lines(corpora / f"ntrex/entities/{language}.jsonl.gz")}
    stories = []
    for story in read_stories(corpora, [language]):
        spans = {_span("title", 0, entity) for entity in marked.get(f"{story.document}:0", ())}
        start = 0
        for number, line in enumerate(story.text.split("\n"), 1):
            spans |= {_span("text", start, entity) for entity in marked.get(f"{story.document}:{number}", ())}
            start += len(line) + 1
        stories.append(replace(story, spans=frozenset(spans)))
    return stories


def _span(name: str, shift: int, entity: Mapping[str, Any]) -> tuple[str, int, int, str]:
    return name, shift + entity["start"], shift + entity["end"], entity["type"]


def read_seeds(folder: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The seed articles as raw articles, each with its gold."""
    articles = read_lines(folder / "articles.jsonl")
    gold = read_lines(folder / "gold.jsonl")
    return list(zip(articles, gold, strict=True))
