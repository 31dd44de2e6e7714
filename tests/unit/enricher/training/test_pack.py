"""The training pack gathers every text once, and texts with names in several versions."""

import random
from collections import Counter
from pathlib import Path

import pytest

from services.enricher.training.annotated import UNKNOWN, Annotated
from services.enricher.training.pack import gather
from services.enricher.training.written import read_written
from tests.support.corpora import HELD, TRAINED, write_rows, write_stories, write_written

Texts = list[tuple[str, Annotated]]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    """All of small corpora."""
    folder = tmp_path_factory.mktemp("pack")
    write_stories(folder)
    write_written(folder / "written")
    (folder / "written/names").mkdir()
    (folder / "written/names/de.tsv").write_text("LOC\tBonn\n")
    rows = [{"lang": "de", "tokens": ["in", "Köln", "."], "tags": ["O", "B-LOC", "O"]}] * 40
    for name in ("de.wiki.train", "de.europeana.train", "de.wiki.dev"):
        write_rows(folder / f"ner/{name}.jsonl.gz", *rows)
    write_rows(folder / "sentiment/en.tweets.train.jsonl.gz", {"lang": "en", "text": "nice", "label": "positive"})
    row = {"flores": "eng_Latn", "lang": "en", "text": "x", "label": "sports"}
    write_rows(folder / "topic/multi.sib200.train.jsonl.gz", *[row] * 40)
    return list(gather(folder, folder / "written", random.Random(1)))


def test_every_corpus_has_its_group(texts: Texts) -> None:
    groups = Counter(group for group, _ in texts)
    assert set(groups) == {
        *("names.de", "marked.ar", "lines.ar", "lines.en", "lines.ja", "own.ar", "own.en"),
        *("sentiment.en.tweets", "topics.sib200", "topics.own"),
    }
    assert 40 < groups["names.de"] < 70  # all of the modern sentences, about a third of the historical ones
    assert (groups["lines.en"], groups["marked.ar"]) == (3, 6)


def test_the_first_of_three_versions_is_the_text_as_it_was(texts: Texts) -> None:
    versions = [text for group, text in texts if group == "marked.ar"]
    assert [text.document for text in versions] == [f"{TRAINED}.ar{copy}" for copy in ("", "", "#1", "#1", "#2", "#2")]
    assert versions[0].text == f"هدوء في باكو {TRAINED}"
    assert [bool(text.meaning) for text in versions] == [True, True, False, False, False, False]
    assert {text.topics for text in versions} == {(15, 10)}


def test_some_of_a_corpus_gets_names_of_the_lists(texts: Texts) -> None:
    cities = Counter(
        text.text[name.start : name.end] for group, text in texts if group == "names.de" for name in text.names or ()
    )
    assert {city.title() for city in cities} == {"Köln", "Bonn"}
    assert 0 < cities["Bonn"] < cities["Köln"]


def test_lines_of_items_have_the_items_topics(texts: Texts) -> None:
    assert {text.topics for group, text in texts if group == "own.en"} == {(14, 10), None}
    assert {text.topics for group, text in texts if group == "names.de"} == {None}


def test_what_is_held_out_isnt_there(texts: Texts, tmp_path: Path) -> None:
    write_written(tmp_path)
    kept = {item.document for item in read_written(tmp_path) if item.is_held_out}
    documents = {text.document.split("#")[0] for _, text in texts}
    assert kept
    assert not documents & kept
    assert not any(document.startswith(HELD) for document in documents)
    assert all(HELD not in text.text and HELD not in text.meaning for _, text in texts)


def test_only_lines_with_a_sentiment_have_one(texts: Texts) -> None:
    known = {group for group, text in texts if text.sentiment != UNKNOWN}
    assert known == {"marked.ar", "lines.ar", "lines.en", "lines.ja", "own.ar", "own.en", "sentiment.en.tweets"}
