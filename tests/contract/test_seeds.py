"""The seed articles keep what seeds/README.md promises: valid records, exact gold, many languages, the hard cases."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.codec import decode_raw
from schemas.identity import article_id
from schemas.languages import LANGUAGES, base_language, language_tag
from schemas.media_topics import MEDIA_TOPICS
from schemas.raw_article import RawArticle
from services.enricher.assets import Assets
from services.enricher.stage import Draft
from services.enricher.stages import text
from tests.support.seed_markup import ARTICLES, GOLD

RAW_LINES = ARTICLES.read_bytes().splitlines()
GOLD_ENTRIES: list[dict[str, Any]] = [orjson.loads(line) for line in GOLD.read_bytes().splitlines()]
IDS = [entry["id"] for entry in GOLD_ENTRIES]
TEXT_STAGE = text.load(Assets(Path(), {}))
PLACES = pytest.mark.parametrize("place", range(len(GOLD_ENTRIES)), ids=IDS)


@cache
def raw(place: int) -> RawArticle:
    decoded = decode_raw(RAW_LINES[place])
    assert not decoded.warnings
    return decoded.article


@cache
def published(place: int) -> Draft:
    return TEXT_STAGE([Draft(raw(place))])[0]


def one(identifier: str) -> int:
    return IDS.index(identifier)


def test_both_files_have_the_same_articles_in_the_same_order() -> None:
    assert [article_id(raw(place).url) for place in range(len(RAW_LINES))] == [e["article_id"] for e in GOLD_ENTRIES]


def test_ids_and_articles_are_unique() -> None:
    assert len(set(IDS)) == len({entry["article_id"] for entry in GOLD_ENTRIES}) == len(RAW_LINES)


@PLACES
def test_line_is_a_complete_raw_article_without_a_hint(place: int) -> None:
    article = raw(place)
    assert article.licence == "CC0-1.0"
    assert article.source and article.source.domain and article.source.domain.endswith(".example")
    assert article.url.startswith(f"https://{article.source.domain}/")
    assert article.language_hint is None


@PLACES
def test_text_is_published_as_it_was_written(place: int) -> None:
    article, draft = raw(place), published(place)
    if article.html is None:
        assert draft.title == (article.title or "").replace("\xa0", " ")
        assert draft.text == (article.text or "").replace("\xa0", " ")
    else:
        assert draft.title and draft.title in article.html
        assert all(paragraph in article.html for paragraph in draft.text.split("\n\n"))


@PLACES
def test_gold_span_is_its_surface(place: int) -> None:
    fields = {"title": published(place).title or "", "text": published(place).text}
    entities = GOLD_ENTRIES[place]["entities"]
    assert entities
    assert [fields[e["field"]][e["start"] : e["end"]] for e in entities] == [e["surface"] for e in entities]
    assert {e["type"] for e in entities} <= {"PER", "ORG", "LOC", "MISC"}


@PLACES
def test_gold_spans_are_in_reading_order_and_never_nested(place: int) -> None:
    order = [(e["field"] == "text", e["start"], e["end"]) for e in GOLD_ENTRIES[place]["entities"]]
    assert all(before[0] < after[0] or before[2] <= after[1] for before, after in pairwise(order))


@PLACES
def test_gold_uses_the_codes_of_the_field(place: int) -> None:
    entry = GOLD_ENTRIES[place]
    language = base_language(entry["language"])
    assert language in LANGUAGES
    assert entry["language"] == language_tag(language, entry["script"])
    assert entry["sentiment"] in {"negative", "neutral", "positive"}
    assert 1 <= len(entry["topics"]) <= 3 and set(entry["topics"]) <= set(MEDIA_TOPICS)
    assert entry["id"].startswith(f"{entry['event']}.{language}")


def test_first_article_is_the_only_one_that_is_not_invented() -> None:
    assert [entry["id"] for entry in GOLD_ENTRIES if not entry["invented"]] == IDS[:1] == ["nagorno-karabakh.ar"]


def test_there_is_enough_of_everything() -> None:
    told: Mapping[str, set[str]] = defaultdict(set)
    for entry in GOLD_ENTRIES:
        told[entry["event"]].add(entry["language"])
    assert len(GOLD_ENTRIES) >= 60
    assert len({entry["language"] for entry in GOLD_ENTRIES}) >= 15
    assert len({entry["script"] for entry in GOLD_ENTRIES}) >= 8
    assert sum(len(languages) >= 5 for languages in told.values()) >= 5
    assert min(Counter(entry["sentiment"] for entry in GOLD_ENTRIES).values()) >= 5


@pytest.mark.parametrize("identifier", [i for i in IDS if i.endswith(".copy")])
def test_agency_copy_is_nearly_the_same_text(identifier: str) -> None:
    original, copy = one(identifier.removesuffix(".copy")), one(identifier)
    texts = [published(place).text for place in (original, copy)]
    assert texts[0] != texts[1]
    assert raw(original).source != raw(copy).source
    assert SequenceMatcher(a=texts[0], b=texts[1], autojunk=False).ratio() > 0.85


def test_agency_copies_are_there() -> None:
    assert sum(i.endswith(".copy") for i in IDS) >= 3


HARD_CASES: Mapping[str, Callable[[RawArticle, Draft], bool]] = {
    "a web page and no text": lambda a, d: a.html is not None and a.text is None,
    "no date": lambda a, d: a.published_at is None,
    "a headline in capitals": lambda a, d: (d.title or "").isupper(),
    "one sentence": lambda a, d: d.text.count(".") == 1 and d.text.endswith(".") and "\n" not in d.text,
    "over 3,000 words": lambda a, d: d.word_count > 3_000,
    "a table": lambda a, d: any(line.count(" | ") >= 3 for line in d.text.splitlines()),
    "quotes in quotes": lambda a, d: "«" in d.text and "“" in d.text and "‘" in d.text,
    "right to left with Latin names": lambda a, d: "RISC-V" in d.text and "تراشه" in d.text,
    "French inside Arabic": lambda a, d: "les jeunes pousses" in d.text and "الموعد" in d.text,
    "English inside Hindi": lambda a, d: "The team in" in d.text and "क्रिकेट" in d.text,
    "joined by a non-joiner": lambda a, d: "\u200c" in d.text,
}


@pytest.mark.parametrize("case", HARD_CASES)
def test_hard_case_is_there(case: str) -> None:
    assert any(HARD_CASES[case](raw(place), published(place)) for place in range(len(RAW_LINES)))
