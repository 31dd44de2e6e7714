"""Corpora read as texts with gold."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.enricher.prefixes import Prefixes
from services.enricher.training.corpora import Labelled, held_out, ner_files, read_annotated_stories, read_ner
from services.enricher.training.prefix_model import Example, examples, fit_prefixes, kinds_after


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


@pytest.mark.parametrize(
    ("language", "tokens", "text"),
    [
        ("de", ["„", "Köln", "“", ",", "sagte", "er", "."], "„Köln “, sagte er."),
        ("ar", ["قالت", "باكو", "،", "نعم"], "قالت باكو، نعم"),
        ("zh", ["我", "在", "北京", "。"], "我在北京。"),
        ("hi", ["वह", "गया", "।"], "वह गया।"),
    ],
)
def test_tokens_become_the_text_that_readers_write(tmp_path: Path, language: str, tokens: list[str], text: str) -> None:
    row = {"lang": language, "tokens": tokens, "tags": ["O"] * len(tokens)}
    (item,) = read_ner(write(tmp_path / "x.jsonl.gz", row), 5)
    assert item.text == text
    assert [item.text[start:end] for start, end in item.words] == tokens


def test_tags_become_spans_in_words(tmp_path: Path) -> None:
    tags = ["B-PER", "I-PER", "B-PER", "O", "I-LOC", "B-MISC"]
    row = {"lang": "en", "tokens": list("abcdef"), "tags": tags}
    (item,) = read_ner(write(tmp_path / "x.jsonl.gz", row), 5)
    assert item.spans == {(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC")}


def test_a_sample_is_spread_over_the_file(tmp_path: Path) -> None:
    rows = [{"lang": "en", "tokens": [str(place)], "tags": ["O"]} for place in range(10)]
    assert [item.text for item in read_ner(write(tmp_path / "x.jsonl.gz", *rows), 3)] == ["0", "3", "6"]


def test_what_is_unlike_news_is_left_out(tmp_path: Path) -> None:
    for name in ("de.europeana_de.dev", "ko.klue.dev", "tr.wiki.dev", "tr.wiki.train"):
        write(tmp_path / "ner" / f"{name}.jsonl.gz")
    assert [path.name for path in ner_files(tmp_path)] == ["tr.wiki.dev.jsonl.gz"]


def test_marked_lines_become_spans_of_the_story(tmp_path: Path) -> None:
    (tmp_path / "ntrex").mkdir()
    (tmp_path / "ntrex/stories.tsv").write_text("d1\tnegative\tmedtop:16000000,medtop:11000000\n", encoding="utf-8")
    write(tmp_path / "articles/ntrex128.jsonl.gz", {"lang": "ar", "doc": "d1", "title": "باكو", "text": "نعم\nفي باكو"})
    write(
        tmp_path / "ntrex/entities/ar.jsonl.gz",
        {"id": "d1:0", "entities": [{"start": 0, "end": 4, "type": "LOC"}]},
        {"id": "d1:2", "entities": [{"start": 3, "end": 7, "type": "LOC"}]},
    )
    (story,) = read_annotated_stories(tmp_path, "ar")
    assert story.spans == {("title", 0, 4, "LOC"), ("text", 7, 11, "LOC")}
    assert (story.sentiment, story.topics) == ("negative", ["medtop:16000000", "medtop:11000000"])
    assert story.text[7:11] == "باكو"


def test_about_a_quarter_of_the_stories_is_held_out() -> None:
    share = sum(held_out(f"story.{place}") for place in range(1_000)) / 1_000
    assert 0.2 < share < 0.3


def test_prefixes_are_learned_from_names_marked_without_them() -> None:
    story = Labelled("ar", "قال بزيد إن زيد وبلال", spans=frozenset({("text", 5, 8, "PER"), ("text", 17, 21, "PER")}))
    found = examples([story], "وب")
    assert [(example.word, example.is_prefixed) for example in found] == [("بزيد", True), ("وبلال", True)]


def test_what_was_learned_splits_as_in_the_examples() -> None:
    counts = Counter(["بزيد", "زيد", "باسل", "باسل"])
    found = [Example("بزيد", "PER", True, counts, "a"), Example("باسل", "PER", False, counts, "b")] * 20
    learned = Prefixes(**fit_prefixes(found, "ب", lambda word: 1.0))
    assert (learned.split("بزيد", counts), learned.split("باسل", counts)) == (1, 0)


def test_a_letter_tells_the_kind_of_name_it_stands_before() -> None:
    text = " ".join(["بزيد"] * 5 + ["بمصر"] * 30)
    spans = {("text", 5 * place + 1, 5 * place + 4, "PER" if place < 5 else "LOC") for place in range(35)}
    person, _, place = kinds_after([Labelled("ar", text, spans=frozenset(spans))], "بل")["ب"]
    assert person == place == 1000.0
    assert "ل" not in kinds_after([Labelled("ar", text, spans=frozenset(spans))], "بل")
