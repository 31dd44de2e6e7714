"""Exports: each format holds what its topic has, and a named file is whole or not there."""

import base64
import csv
import io
import json
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from schemas.codec import encode
from schemas.enriched_article import Annotation, Embedding, EnrichedArticle, Entity, Language, Mention, Sentiment, Topic
from schemas.raw_article import Source
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.cli import export_files
from services.cli.export_files import open_writer
from tests.support.fetched import FetchedRecord, dead_letter_record, enriched_record, raw_record

NOW = datetime(2023, 9, 19, 8, 30, tzinfo=UTC)
VECTOR = (0.5, -1.0, 0.25)


def an_article(title: str = "أذربيجان، «عملية»") -> EnrichedArticle:
    mention = Mention(field="text", start=3, end=7, surface="باكو", confidence=0.9)
    return EnrichedArticle(
        article_id="id",
        url="https://a.example/1",
        canonical_url="https://a.example/1",
        title=title,
        text="في باكو\n\nसमाचार, 新闻",
        collected_at=NOW,
        source=Source(id="a", country="AZ"),
        authors=("И. Иванов",),
        word_count=2,
        content_digest="sha256:0",
        language=Language(tag="ar", confidence=0.98, iso639_3="ara", script="Arab"),
        entities=(Entity(type="LOC", name="باكو", mentions=(mention,), salience=0.5),),
        sentiment=Sentiment(label="negative", score=-0.7, confidence=0.8),
        topics=(Topic(qcode="medtop:16000000", name="conflict, war and peace", confidence=0.9),),
        embedding=Embedding(dim=3, data=base64.b64encode(struct.pack("<3e", *VECTOR)).decode()),
        annotations={"topics": Annotation(model="m", version="1", status="ok")},
    )


ENRICHED = enriched_record(encode(an_article()))


def export(folder: Path, format: str, *records: FetchedRecord) -> tuple[Path, list[bool]]:
    path = folder / f"out.{format}"
    topic = {t.name: t for t in (NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ)}[records[0].topic]
    with open_writer(format, topic, path) as write:
        written = [write(record) for record in records]
    return path, written


def test_jsonl_has_every_record(tmp_path: Path) -> None:
    path, written = export(tmp_path, "jsonl", ENRICHED, enriched_record(None), enriched_record(b"\xff"))
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert written == [True, True, True]
    assert lines[0]["title"] == "أذربيجان، «عملية»"
    assert [line.get("withdrawn") for line in lines] == [None, True, None]


def test_csv_has_a_row_of_plain_cells_for_each_article(tmp_path: Path) -> None:
    path, written = export(tmp_path, "csv", ENRICHED, enriched_record(None), enriched_record(b"{}"))
    (row,) = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))
    assert written == [True, False, False]
    assert (row["title"], row["text"]) == ("أذربيجان، «عملية»", "في باكو\n\nसमाचार, 新闻")
    assert (row["entities"], row["topics"], row["sentiment_score"]) == ("LOC:باكو", "medtop:16000000", "-0.7")
    assert (row["collected_at"], row["published_at"], row["source_country"]) == ("2023-09-19T08:30:00Z", "", "AZ")
    assert "embedding" not in row


def test_parquet_keeps_types_and_lists(tmp_path: Path) -> None:
    path, _ = export(tmp_path, "parquet", ENRICHED)
    (row,) = pq.read_table(path).to_pylist()
    assert row["collected_at"] == NOW
    assert row["entities"] == [{"type": "LOC", "name": "باكو", "salience": 0.5, "mentions": 1}]
    assert row["embedding"] == list(VECTOR)
    assert row["published_at"] is None


def test_parquet_writes_group_after_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_files, "_GROUP_ROWS", 2)
    path, _ = export(tmp_path, "parquet", *[ENRICHED] * 5)
    assert (pq.read_metadata(path).num_rows, pq.read_metadata(path).num_row_groups) == (5, 3)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_raw_articles_have_columns_too(tmp_path: Path, format: str) -> None:
    good = raw_record('{"url": "https://a.example/é", "text": "😀", "published_at": "2023"}'.encode())
    path, written = export(tmp_path, format, good, raw_record(b"not json"))
    assert written == [True, False]
    assert path.stat().st_size > 0


def test_dead_letters_keep_their_bytes(tmp_path: Path) -> None:
    path, _ = export(tmp_path, "parquet", dead_letter_record(None, b"\xff\x00"))
    (row,) = pq.read_table(path).to_pylist()
    assert (row["error_class"], row["offset"], row["key"], row["value"]) == ("invalid_utf8", 41, None, b"\xff\x00")
    path, _ = export(tmp_path, "csv", dead_letter_record(b"k", b"\xff\x00"))
    (cells,) = csv.DictReader(io.StringIO(path.read_text("utf-8")))
    assert (cells["key"], cells["value"]) == ("k", "base64:/wA=")


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_a_file_that_was_not_finished_is_not_there_and_the_old_one_is(tmp_path: Path, format: str) -> None:
    old = tmp_path / "out"
    old.write_text("old")
    with pytest.raises(KeyboardInterrupt), open_writer(format, NEWS_ENRICHED, old) as write:
        write(ENRICHED)
        raise KeyboardInterrupt
    assert (old.read_text(), os.listdir(tmp_path)) == ("old", ["out"])
