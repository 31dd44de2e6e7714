"""Corpora and seeds read as texts with gold."""

from pathlib import Path

import numpy as np
import pytest

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.training.corpora import HELD_OUT, Labelled, ner_files, read_lines, read_ner, read_seeds
from tests.support.corpora import write_rows


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
    (item,) = read_ner(write_rows(tmp_path / "x.jsonl.gz", row), 5)
    assert item.text == text
    assert [item.text[start:end] for start, end in item.words] == tokens


def test_tags_become_spans_in_words(tmp_path: Path) -> None:
    tags = ["B-PER", "I-PER", "B-PER", "O", "I-LOC", "B-MISC"]
    row = {"lang": "en", "tokens": list("abcdef"), "tags": tags}
    (item,) = read_ner(write_rows(tmp_path / "x.jsonl.gz", row), 5)
    assert item.spans == {(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC"), (5, 6, "MISC")}
    assert item.types == ("LOC", "MISC", "PER")


def test_a_sample_is_spread_over_the_file(tmp_path: Path) -> None:
    rows = [{"lang": "en", "tokens": [str(place)], "tags": ["O"]} for place in range(10)]
    assert [item.text for item in read_ner(write_rows(tmp_path / "x.jsonl.gz", *rows), 3)] == ["0", "3", "6"]


def test_rows_without_words_are_left_out(tmp_path: Path) -> None:
    rows = [{"lang": "en", "tokens": tokens, "tags": ["O"] * len(tokens)} for tokens in ([], ["a", ""], ["b"])]
    assert [item.text for item in read_ner(write_rows(tmp_path / "x.jsonl.gz", *rows), 5)] == ["b"]


def test_a_part_is_read_without_historical_newspapers(tmp_path: Path) -> None:
    for name in ("de.europeana_de.dev", "ko.klue.dev", "tr.wiki.dev", "tr.wiki.train"):
        write_rows(tmp_path / "ner" / f"{name}.jsonl.gz")
    assert [path.name for path in ner_files(tmp_path)] == ["ko.klue.dev.jsonl.gz", "tr.wiki.dev.jsonl.gz"]
    assert [path.name for path in ner_files(tmp_path, "train")] == ["tr.wiki.train.jsonl.gz"]


def test_rows_may_have_separators_of_lines_in_their_text(tmp_path: Path) -> None:
    row = {"text": "a\u2028b\u0085c 🎉"}
    for name in ("x.jsonl", "x.jsonl.gz"):
        assert read_lines(write_rows(tmp_path / name, row, row)) == [row, row]


def test_each_seed_comes_with_its_gold(tmp_path: Path) -> None:
    write_rows(tmp_path / "articles.jsonl", {"url": "a"}, {"url": "b"})
    write_rows(tmp_path / "gold.jsonl", {"id": 1}, {"id": 2})
    assert read_seeds(tmp_path) == [({"url": "a"}, {"id": 1}), ({"url": "b"}, {"id": 2})]
    write_rows(tmp_path / "gold.jsonl", {"id": 1})
    with pytest.raises(ValueError, match="shorter"):
        read_seeds(tmp_path)


def test_gold_topics_are_a_row_of_all() -> None:
    row = Labelled("en", "x", topics=("medtop:16000000", "medtop:01000000")).topic_row
    assert [code for code, is_gold in zip(MEDIA_TOPICS, row, strict=True) if is_gold] == ["medtop:01000000", "medtop:16000000"]
    assert row.dtype == np.float64


def test_twenty_stories_are_held_out() -> None:
    assert len(HELD_OUT) == 20
