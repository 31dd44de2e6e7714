"""Which dead letters are meant, and which decision is about them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.decision import Decision, Place
from services.cli.dead_letters import Criteria, Found, LetterId, as_found, domain_of, is_from, parse_letter_id
from services.cli.errors import WrongUse
from tests.support.fetched import FetchedRecord, dead_letter_record

FAILED_AT = datetime(2023, 9, 19, tzinfo=UTC)
PLACE = LetterId(0, 7)
VALUE = '{"url": "https://news.journal-été.example/أ", "text": "नमस्ते"}'.encode()


def found(value: bytes | None = VALUE) -> Found:
    return as_found(dead_letter_record(b"k", value), {})


def decision(**changes: object) -> Decision:
    fields = {
        "action": "parked",
        "dead_letter": PLACE.place,
        "origin": Place(topic="news.raw", partition=2, offset=41),
        "last_failed_at": FAILED_AT,
        "decided_at": FAILED_AT,
        "error_class": "invalid_utf8",
        "stage": "decode",
        "attempts": 1,
    }
    return Decision.model_validate({**fields, **changes})


@pytest.mark.parametrize(
    ("criteria", "holds"),
    [
        (Criteria(), True),
        (Criteria(ids=frozenset({PLACE})), True),
        (Criteria(ids=frozenset({LetterId(1, 7)})), False),
        (Criteria(error_class="invalid_utf8", stage="decode"), True),
        (Criteria(error_class="invalid_url"), False),
        (Criteria(stage="language"), False),
        (Criteria(since=FAILED_AT), True),
        (Criteria(until=FAILED_AT), False),
        (Criteria(since=datetime(2023, 9, 20, tzinfo=UTC)), False),
        (Criteria(source="journal-été.example"), True),
        (Criteria(source="NEWS.journal-ÉTÉ.example"), True),
        (Criteria(source="nal-été.example"), False),
        (Criteria(error_class="invalid_utf8", source="other.example"), False),
    ],
)
def test_a_dead_letter_meets_all_criteria_or_is_not_wanted(criteria: Criteria, holds: bool) -> None:
    assert criteria.hold(found()) is holds


def test_a_record_without_our_headers_is_wanted_only_where_no_filter_asks_for_them() -> None:
    stranger = as_found(FetchedRecord("news.raw.dlq", b"{}"), {})
    assert stranger.letter is None
    assert Criteria().hold(stranger) and Criteria(ids=frozenset({PLACE})).hold(stranger)
    assert not Criteria(stage="decode").hold(stranger)


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        (None, None),
        (b"\xff{", None),
        (b"[" * 100_000, None),
        (b"[1]", None),
        (b'{"url": 5}', None),
        (b'{"url": "https://[::1/a"}', None),
        (b'{"url": "https://Herald.example:443/a"}', "herald.example"),
        ('{"url": "https://cdn.example/a", "source": {"domain": "新闻.example"}}'.encode(), "新闻.example"),
    ],
)
def test_the_outlet_is_what_the_bytes_tell_if_they_do(value: bytes | None, domain: str | None) -> None:
    assert domain_of(value) == domain


def test_nobody_is_from_nowhere() -> None:
    assert not is_from("a.example", None)


def test_a_decision_counts_for_the_dead_letter_that_it_was_made_about() -> None:
    record = dead_letter_record(b"k", VALUE)
    assert as_found(record, {PLACE: decision()}).state == "parked"
    assert as_found(record, {LetterId(0, 8): decision()}).state == "open"


@pytest.mark.parametrize(
    "other",
    [{"last_failed_at": "2023-09-19T00:00:01Z"}, {"origin": Place(topic="news.raw", partition=2, offset=40)}],
    ids=["failed-at-another-time", "made-of-another-record"],
)
def test_a_decision_about_an_earlier_topic_of_the_same_name_does_not_count(other: dict[str, object]) -> None:
    assert as_found(dead_letter_record(b"k", VALUE), {PLACE: decision(**other)}).state == "open"


def test_a_dead_letter_is_named_by_partition_and_offset() -> None:
    assert parse_letter_id("2:17") == LetterId(2, 17) == replace(LetterId(2, 1), offset=17)
    assert str(LetterId(2, 17)) == "2:17" and str(LetterId(2, 17).place) == "news.raw.dlq-2-17"


@pytest.mark.parametrize("text", ["", "2", "2:", ":17", "-1:2", "٢:١٧", "2:17:3", "news.raw.dlq-2-17"])
def test_another_name_is_wrong_use(text: str) -> None:
    with pytest.raises(WrongUse, match="PARTITION:OFFSET"):
        parse_letter_id(text)
