"""Reads annotated corpora and the seeds as texts with gold.

The corpora folder holds ner/LANGUAGE.NAME.PART.jsonl.gz (tokens, IOB2 tags), ntrex/ (entities/LANGUAGE.jsonl.gz,
stories.tsv: document, sentiment, topics), articles/ntrex128.jsonl.gz and topic/multi.sib200.PART.jsonl.gz.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.evaluation.joining import joined
from services.enricher.evaluation.scores import Span
from services.enricher.evaluation.tags import tag_spans
from services.enricher.numbers import Floats64

# The stories that neither the encoder nor the language model nor calibration sees in any language.
HELD_OUT = frozenset((Path(__file__).parent / "held_out.txt").read_text(encoding="utf-8").split())

# Languages over which sentiment and topics are averaged.
THIRTY = (
    *("am", "ar", "bn", "cs", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id"),
    *("it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "sw", "ta", "th", "tr", "uk", "vi", "zh"),
)

# Historical newspapers, read by machines: nothing like the news that we score for.
HISTORICAL = "europeana"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its gold."""

    language: str
    text: str
    title: str | None = None
    words: Sequence[tuple[int, int]] = ()
    """Where gold labels whole words: their edges."""
    spans: frozenset[Span] = frozenset()
    """Names; in word numbers where there are words."""
    types: Sequence[str] = ()
    """The types of names that the gold marks."""
    stances: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Towards names, by their edges: places in numbers.LABELS."""
    sentiment: str | None = None
    topics: Sequence[str] = ()

    @property
    def topic_row(self) -> Floats64:
        """[17]: 1 for the gold topics."""
        return np.array([code in self.topics for code in MEDIA_TOPICS], np.float64)


def ner_files(corpora: Path, part: str = "dev") -> list[Path]:
    """The files of a part ("train", "dev") in a fixed order, without historical ones."""
    return [path for path in sorted(corpora.glob(f"ner/*.{part}.jsonl.gz")) if HISTORICAL not in path.name]


def read_ner(path: Path, limit: int) -> list[Labelled]:
    """At most that many sentences of a token-labelled file, evenly spread."""
    rows = [row for row in read_lines(path) if row["tokens"] and all(row["tokens"])]
    types = tuple(sorted({tag[2:] for row in rows for tag in row["tags"]} - {""}))
    return [_from_tokens(row, types) for row in rows[:: max(len(rows) // limit, 1)][:limit]]


def _from_tokens(row: Mapping[str, Any], types: Sequence[str]) -> Labelled:
    text, words = joined(row["tokens"], row["lang"])
    return Labelled(row["lang"], text, words=words, spans=frozenset(tag_spans(row["tags"])), types=types)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file, packed or not."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def read_seeds(folder: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The seed articles as raw articles, each with its gold."""
    articles = read_lines(folder / "articles.jsonl")
    gold = read_lines(folder / "gold.jsonl")
    return list(zip(articles, gold, strict=True))
