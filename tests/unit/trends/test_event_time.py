"""When an article counts."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.publication_date import Precision, PublicationDate
from services.trends.event_time import bucket_of, collection_time, event_time

WEEK_S = 7 * 86_400
COLLECTED = datetime(2023, 9, 19, 12, 0, tzinfo=UTC)
COLLECTED_S = int(COLLECTED.timestamp())


def counted_at(published: datetime, precision: Precision = "second", delay_s: int = 5) -> int:
    date = PublicationDate(value=published, precision=precision)
    return event_time(date, COLLECTED, (COLLECTED_S + delay_s) * 1000, WEEK_S)


@pytest.mark.parametrize("precision", ["minute", "second"])
@pytest.mark.parametrize("before", [timedelta(0), timedelta(minutes=7), timedelta(days=7)])
def test_the_time_of_publication_counts(precision: Precision, before: timedelta) -> None:
    assert counted_at(COLLECTED - before, precision) == int((COLLECTED - before).timestamp())


@pytest.mark.parametrize("precision", ["day", "month", "year"])
def test_a_date_without_time_of_day_does_not(precision: Precision) -> None:
    assert counted_at(COLLECTED - timedelta(hours=12), precision) == COLLECTED_S


@pytest.mark.parametrize(
    "ahead", [timedelta(seconds=1), timedelta(minutes=5), timedelta(minutes=6), timedelta(days=400)], ids=str
)
def test_nothing_counts_after_it_was_collected(ahead: timedelta) -> None:
    assert counted_at(COLLECTED + ahead) == COLLECTED_S


def test_what_is_older_than_the_memory_counts_when_it_was_collected() -> None:
    assert counted_at(COLLECTED - timedelta(days=7, seconds=1)) == COLLECTED_S


def test_an_article_without_a_date_counts_when_it_was_collected() -> None:
    assert event_time(None, COLLECTED, (COLLECTED_S + 9) * 1000, WEEK_S) == COLLECTED_S


def test_a_collector_whose_clock_is_ahead_is_not_believed() -> None:
    ahead = COLLECTED + timedelta(days=30)
    assert event_time(None, ahead, COLLECTED_S * 1000 + 999, WEEK_S) == COLLECTED_S
    assert collection_time(ahead, COLLECTED_S * 1000) == COLLECTED_S
    published = PublicationDate(value=COLLECTED + timedelta(days=29), precision="second")
    assert event_time(published, ahead, COLLECTED_S * 1000, WEEK_S) == COLLECTED_S


@pytest.mark.parametrize(
    ("collected", "timestamp_ms"), [(datetime(1700, 1, 1, tzinfo=UTC), 1), (datetime(2199, 1, 1, tzinfo=UTC), 10**15)]
)
def test_times_fit_into_32_bits(collected: datetime, timestamp_ms: int) -> None:
    assert 0 <= event_time(None, collected, timestamp_ms, WEEK_S) < 2**32


def test_buckets_are_quarters_of_an_hour() -> None:
    assert [bucket_of(second) for second in (0, 899, 900, 1_695_124_800)] == [0, 0, 1, 1_883_472]
