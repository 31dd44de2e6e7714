"""Decisions as other commands show them."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.decision import Decision, Place
from schemas.topics import NEWS_RAW_DLQ_DECISIONS
from services.cli.dead_letters import LetterId, as_found
from services.cli.decisions import Pen, transactional_id
from services.cli.export_files import open_writer
from services.cli.showing import shown_to_person
from tests.support.fetched import FetchedRecord, dead_letter_record

NOW = datetime(2024, 1, 1, tzinfo=UTC)
FOUND = as_found(dead_letter_record(b"k", b"v"), {})
TO = Place(topic="news.raw", partition=1, offset=99)


def record() -> FetchedRecord:
    message = Pen(lambda: NOW, "पाठ नहीं").decision("redriven", FOUND.id, FOUND.sure, TO, edited=True)
    return FetchedRecord(message.topic, message.value, message.key)


def test_a_decision_is_keyed_by_the_dead_letters_place_and_counts_for_it() -> None:
    decision = Decision.model_validate_json(record().value or b"")
    assert record().key == b"news.raw.dlq-0-7"
    assert (decision.redriven_to, decision.edited, decision.decided_at) == (TO, True, NOW)
    assert as_found(dead_letter_record(b"k", b"v"), {LetterId(0, 7): decision}).state == "redriven"


def test_one_redrive_of_a_group_at_a_time() -> None:
    assert transactional_id("enricher") == "enricher.redrive"


def test_a_decision_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    shown_to_person()(record())
    shown = capsys.readouterr().out
    assert "redriven news.raw.dlq-0-7 to news.raw-1-99" in shown and "पाठ नहीं" in shown


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_decision_can_be_exported(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"decisions.{format}"
    with open_writer(format, NEWS_RAW_DLQ_DECISIONS, path) as write:
        assert write(record())
        assert not write(FetchedRecord(NEWS_RAW_DLQ_DECISIONS.name, b"{}"))
    if format == "csv":
        (row,) = csv.DictReader(path.read_text("utf-8").splitlines())
        assert (row["action"], row["dead_letter_offset"], row["redriven_to"], row["edited"]) == (
            "redriven",
            "7",
            "news.raw-1-99",
            "True",
        )
