"""The commands that read a topic read every topic that has a contract."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from schemas.dead_letter import DeadLetter
from schemas.json_schema import EXAMPLES
from schemas.topics import INTERNAL_TOPICS, NEWS_RAW, NEWS_TRENDS, PUBLIC_TOPICS
from services.cli.columns import columns_of, row_of
from services.cli.connection import topic_named
from services.cli.errors import WrongUse
from services.cli.json_view import json_line
from services.cli.showing import shown_to_person
from tests.support.fetched import FetchedRecord

EVERY_EXAMPLE = [
    pytest.param(path, id=f"{name}/{path.name}")
    for name, topic in PUBLIC_TOPICS.items()
    for path in sorted((EXAMPLES / name / f"v{topic.version}").glob("*.json"))
]


def record_of(path: Path) -> FetchedRecord:
    """The example as a record."""
    topic = PUBLIC_TOPICS[path.parent.parent.name]
    if topic.contract_in_headers:
        headers = DeadLetter.model_validate_json(path.read_bytes()).to_headers()
        return FetchedRecord(topic.name, b"\xff", headers=headers)
    return FetchedRecord(topic.name, path.read_bytes())


@pytest.mark.parametrize("path", EVERY_EXAMPLE)
def test_an_example_is_shown_to_a_person(path: Path) -> None:
    console = Console(file=io.StringIO(), width=100)
    shown_to_person(console)(record_of(path))
    assert isinstance(console.file, io.StringIO)
    assert "unreadable" not in console.file.getvalue() and len(console.file.getvalue().splitlines()) > 1


@pytest.mark.parametrize("path", EVERY_EXAMPLE)
def test_an_example_is_one_json_object(path: Path) -> None:
    assert "unreadable" not in json_line(record_of(path))


@pytest.mark.parametrize("path", EVERY_EXAMPLE)
def test_an_example_fills_the_columns_of_its_topic(path: Path) -> None:
    record = record_of(path)
    row = row_of(record)
    assert row is not None and set(row) == {column.name for column in columns_of(PUBLIC_TOPICS[record.topic])}


def test_a_counter_that_is_gone_is_its_key() -> None:
    key = '["entity","LOC","باكو","ar","2023-09-19T13:30:00Z"]'
    assert json_line(FetchedRecord(NEWS_TRENDS.name, None, key.encode())) == {"key": key, "withdrawn": True}
    assert row_of(FetchedRecord(NEWS_TRENDS.name, None, key.encode())) is None


@pytest.mark.parametrize("name", INTERNAL_TOPICS)
def test_a_topic_without_a_contract_is_nobodys_to_read(name: str) -> None:
    with pytest.raises(WrongUse, match="internal, without a contract"):
        topic_named(name)


def test_a_topic_with_one_is() -> None:
    assert topic_named("news.raw") is NEWS_RAW
