"""What is read of a record of news.enriched."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.enriched_article import EnrichedArticle
from services.runtime.errors import InvalidRecord
from services.trends.article import Article
from services.trends.keys import TrendKey
from services.trends.reading import MAX_ENTITIES, Reading, Withdrawal, read, reading_from_bytes
from services.trends.signature import signature
from tests.support.counting import ARTICLE_ID, TIMESTAMP_MS, WEEK_S, enriched, entity, record


def reading_of(**fields: Any) -> Reading:
    found = read(record(enriched(**fields)), WEEK_S)
    assert isinstance(found, Reading)
    return found


def names(reading: Reading, kind: str = "entity") -> list[str]:
    return [key.name for key, _ in reading.keys if key.kind == kind]


def status(stage: str, value: str) -> dict[str, Any]:
    annotations: dict[str, Any] = dict(enriched()["annotations"])
    return annotations | {stage: {"model": None, "version": None, "status": value}}


def test_an_article_is_read() -> None:
    reading = reading_of(text="Đặng Thị Hồng " + " ".join(f"từ{number}" for number in range(200)))
    assert reading == Reading(
        article_id=ARTICLE_ID,
        partition=2,
        offset=7,
        event_time_s=int(datetime(2023, 9, 19, 11, 30, tzinfo=UTC).timestamp()),
        collected_s=TIMESTAMP_MS // 1000 - 5,
        source="manara",
        sentiment=-8926,
        keys=(
            (TrendKey("language", "", "ar", "ar"), "ar"),
            (TrendKey("country", "", "AE", "ar"), "AE"),
            (TrendKey("topic", "", "medtop:16000000", "ar"), "conflict, war and peace"),
            (TrendKey("entity", "LOC", "أذربيجان", "ar"), "أذربيجان"),
        ),
        signature=signature("Đặng Thị Hồng " + " ".join(f"từ{number}" for number in range(200))),
    )
    assert reading.signature is not None


def test_a_tombstone_withdraws() -> None:
    assert read(record(None, ARTICLE_ID.upper().encode()), WEEK_S) == Withdrawal(ARTICLE_ID, 2, 7)


@pytest.mark.parametrize("text", ["kurz", "Đặng " + " ".join(f"từ{number}" for number in range(200))], ids=["short", "long"])
def test_a_reading_comes_back_from_its_message(text: str) -> None:
    for found in (reading_of(text=text), reading_of(text=text, sentiment=None, source=None), read(record(None), WEEK_S)):
        assert reading_from_bytes(found.to_bytes()) == found


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + bytes(6), b"\x01\x02\0\0\0\0\0{}", b"\x01\x09\0\0\0\0\0[1,2,3,4]"])
def test_other_messages_are_invalid(data: bytes) -> None:
    with pytest.raises(InvalidRecord, match=r"news\.trends\.articles"):
        reading_from_bytes(data)


def test_each_entity_counts_once_in_one_spelling() -> None:
    found = reading_of(
        entities=[entity("LOC", "Zürich"), entity("LOC", "ZÜRICH"), entity("ORG", "Zürich"), entity("PER", "\u200b")]
    )
    assert [(key.type, label) for key, label in found.keys if key.kind == "entity"] == [("LOC", "Zürich"), ("ORG", "Zürich")]


def test_the_most_salient_entities_count() -> None:
    many = [entity("PER", f"जन {number}", salience=number / 1000) for number in range(MAX_ENTITIES + 100)]
    assert names(reading_of(entities=many)) == [f"जन {number}" for number in range(MAX_ENTITIES + 99, 99, -1)]


@pytest.mark.parametrize("value", ["failed", "disabled", "unsupported_language", "low_confidence", "of a later version"])
def test_only_sure_answers_count(value: str) -> None:
    assert names(reading_of(annotations=status("entities", value))) == []
    assert names(reading_of(annotations=status("topics", value)), "topic") == []
    assert reading_of(annotations=status("sentiment", value)).sentiment is None
    assert names(reading_of(annotations=status("sentiment", value))) == ["أذربيجان"]


def test_a_truncated_text_counts_as_far_as_it_was_read() -> None:
    assert names(reading_of(annotations=status("entities", "truncated"))) == ["أذربيجان"]


def test_a_stage_that_is_not_mentioned_has_not_answered() -> None:
    reading = reading_of(annotations={})
    assert (names(reading), names(reading, "topic"), reading.sentiment) == ([], [], None)
    assert names(reading, "language") == ["ar"]


@pytest.mark.parametrize(
    ("fields", "outlet"),
    [
        ({"source": {"id": "朝日"}}, "朝日"),
        ({"source": None}, "manara.example"),
        ({"source": None, "canonical_url": "urn:newsml:x"}, ""),
        ({"source": None, "canonical_url": "http://[x"}, ""),
    ],
    ids=["source", "host", "urn", "broken"],
)
def test_an_outlet_is_its_source_or_the_host(fields: dict[str, Any], outlet: str) -> None:
    assert reading_of(**fields).source == outlet


@pytest.mark.parametrize(
    ("fields", "names_field"),
    [
        ({"text": None}, "text"),
        ({"collected_at": "yesterday"}, "collected_at"),
        ({"collected_at": "0001-01-01T00:00:00+14:00"}, "collected_at"),
        ({"language": {"tag": "two words"}}, "language.tag"),
        ({"entities": [entity("GOD", "Ζεύς")]}, r"entities\.0\.type"),
        ({"entities": [entity("PER", "Ζεύς", salience=2)]}, r"entities\.0\.salience"),
        ({"sentiment": {"score": 1.5}}, r"sentiment\.score"),
        ({"annotations": None}, "annotations"),
        ({"schema_version": 2}, "schema_version"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(fields: dict[str, Any], names_field: str) -> None:
    with pytest.raises(InvalidRecord, match=f"^{names_field}") as caught:
        read(record(enriched(**fields)), WEEK_S)
    assert caught.value.error_class == "contract_violation"


@pytest.mark.parametrize(
    ("value", "error_class"),
    [
        (b"", "empty_value"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_shape"),
        (b"\xff{}", "invalid_utf8"),
        (b'{"text":NaN}', "invalid_json"),
    ],
)
def test_what_is_no_json_object_is_invalid(value: bytes, error_class: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read(record(value), WEEK_S)
    assert caught.value.error_class == error_class


@pytest.mark.parametrize(
    "key", [None, b"", b"x" * 36, b"\xff" * 36, ARTICLE_ID[:-1].encode(), b"47d39b7f-381e-51a3-b862-f972f9756f59"]
)
def test_a_key_is_the_articles_id(key: bytes | None) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read(record(enriched(), key), WEEK_S)
    assert caught.value.error_class == "invalid_key"


@pytest.mark.parametrize("timestamp_ms", [0, -1])
def test_a_record_without_a_timestamp_is_invalid(timestamp_ms: int) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read(record(enriched(), timestamp_ms=timestamp_ms), WEEK_S)
    assert caught.value.error_class == "no_timestamp"


def test_only_fields_of_the_contract_are_read() -> None:
    assert set(Article.model_fields) <= set(EnrichedArticle.model_fields)
    EnrichedArticle.model_validate(enriched())
