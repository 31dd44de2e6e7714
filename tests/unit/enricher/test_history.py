"""The past of a record that was sent back, from headers that anyone may have written."""

from datetime import UTC, datetime

import pytest

from schemas.dead_letter import DeadLetter
from services.enricher.decode import Arrived, decode
from services.enricher.history import History, history_of
from services.enricher.outcomes import dead_letter
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record

TIMESTAMP_MS = 1_700_000_000_000
FIRST = datetime(2023, 9, 19, 12, tzinfo=UTC)
PAST = (
    ("newsloom.error.attempts", b"2"),
    ("newsloom.error.first_failed_at", b"2023-09-19T12:00:00Z"),
    ("newsloom.error.source_timestamp", b"1695081600000"),
)


def record(*headers: tuple[str, bytes]) -> Record:
    value = '{"url": "https://herald.example/a", "text": "Überschwemmung"}'.encode()
    return Record("news.raw", 0, 5, b"k", value, headers, TIMESTAMP_MS)


def test_a_record_that_comes_for_the_first_time_has_none() -> None:
    assert history_of(record()) == History(0, None, TIMESTAMP_MS)


def test_a_record_that_was_sent_back_has_its_attempts_first_failure_and_age() -> None:
    assert history_of(record(*PAST)) == History(2, FIRST, 1_695_081_600_000)


@pytest.mark.parametrize("attempts", [b"", b"0", b"-1", b"two", "٢".encode(), b"\xff", b"9" * 1_000_000])
def test_attempts_that_make_no_sense_are_none(attempts: bytes) -> None:
    assert history_of(record(("newsloom.error.attempts", attempts), *PAST[1:])) == History(0, None, TIMESTAMP_MS)


@pytest.mark.parametrize("moment", [b"", b"yesterday", b"\xff", b"0001-01-01T00:00:00Z"])
def test_a_first_failure_that_makes_no_sense_is_none(moment: bytes) -> None:
    assert history_of(record(PAST[0], ("newsloom.error.first_failed_at", moment))) == History(2, None, TIMESTAMP_MS)


def test_failing_again_counts_on() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    letter = DeadLetter.from_headers(dead_letter(record(*PAST), InvalidRecord("x", "y"), now).message.headers)
    assert (letter.attempts, letter.first_failed_at, letter.last_failed_at) == (3, FIRST, now)
    assert letter.source_timestamp == 1_695_081_600_000


def test_a_missing_time_of_collection_is_that_of_the_first_publication() -> None:
    arrived = decode(record(*PAST), 1_000)
    assert isinstance(arrived, Arrived) and arrived.article.collected_at == datetime(2023, 9, 19, tzinfo=UTC)
