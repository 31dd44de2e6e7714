"""From a raw record to an article with its identity, a withdrawal, or a reason."""

from datetime import UTC, datetime

import pytest

from schemas.identity import article_id
from services.enricher.decode import Arrived, Withdrawn, decode
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record
from tests.support.bad_input import article

OWN = article_id("https://herald.example/a")


def record(value: bytes | None, key: bytes | None = b"k", timestamp_ms: int = 1_695_081_600_000) -> Record:
    return Record("news.raw", 1, 7, key, value, (), timestamp_ms)


def arrived(value: bytes, timestamp_ms: int = 1_695_081_600_000) -> Arrived:
    found = decode(record(value, timestamp_ms=timestamp_ms), 10_000)
    assert isinstance(found, Arrived)
    return found


def test_identity_is_ours() -> None:
    found = arrived(article(url="https://herald.example/a?utm_source=x", article_id="mine"))
    assert found.article_id == OWN
    assert [w.field for w in found.warnings] == ["article_id"]
    assert arrived(article(article_id=OWN)).warnings == ()


def test_publishers_canonical_url_wins() -> None:
    assert arrived(article(url="https://amp.example/x", canonical_url="https://herald.example/a")).article_id == OWN


def test_missing_collection_time_is_the_records() -> None:
    assert arrived(article()).article.collected_at == datetime(2023, 9, 19, tzinfo=UTC)
    assert arrived(article(collected_at="2024-01-01T00:00:00Z")).article.collected_at == datetime(2024, 1, 1, tzinfo=UTC)
    assert arrived(article(), timestamp_ms=-1).article.collected_at == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("key", [OWN.encode(), b"https://herald.example/a"])
def test_tombstone_withdraws(key: bytes) -> None:
    assert decode(record(None, key), 10_000) == Withdrawn(OWN)


@pytest.mark.parametrize("key", [None, b"", b"42"])
def test_tombstone_of_nothing_is_a_dead_letter(key: bytes | None) -> None:
    found = decode(record(None, key), 10_000)
    assert isinstance(found, InvalidRecord) and found.error_class == "invalid_key"


def test_limit_is_the_one_that_is_set() -> None:
    found = decode(record(article(text="a" * 10_000)), 10_000)
    assert isinstance(found, InvalidRecord) and found.error_class == "body_too_large"
