"""The record of news.trends."""

from datetime import UTC, datetime

import orjson

from schemas.codec import encode
from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S
from services.trends.keys import TrendKey
from services.trends.trend import history_start, trend
from tests.support.counting import KEY, LABEL, WEEK_S, cell, change, counter_of

BUCKET = 1_883_472  # 2023-09-19T12:00Z
NOW_S = BUCKET * BUCKET_S + 60


def test_a_record_says_what_was_counted_in_its_bucket() -> None:
    counter = Counter()
    counter.apply(change(cell(BUCKET - 2, 1, 0, 5_000, 1, source=1), offset=1))
    for offset in range(2, 23):
        is_copy = offset > 2
        counter.apply(change(cell(BUCKET, int(not is_copy), int(is_copy), -8_926, 1, source=offset), offset=offset))
    record = trend(KEY, counter, BUCKET, NOW_S, NOW_S - WEEK_S)
    start, end = datetime(2023, 9, 19, 12, tzinfo=UTC), datetime(2023, 9, 19, 12, 15, tzinfo=UTC)
    assert (record.kind, record.type, record.name, record.label, record.language) == ("entity", "LOC", "أذربيجان", LABEL, "ar")
    assert (record.window.start, record.window.end) == (start, end)
    assert (record.originals, record.duplicates, record.sources, record.sources_complete) == (1, 20, 21, True)
    assert (record.sentiment, record.scored) == (-0.8926, 21)
    assert record.first_seen == datetime(2023, 9, 19, 11, 30, tzinfo=UTC)
    assert (record.burst.observed, record.burst.rising, record.burst.method) == (22, True, "freeman-tukey")
    assert orjson.loads(record.key) == ["entity", "LOC", "أذربيجان", "ar", "2023-09-19T12:00:00Z"]
    assert orjson.loads(encode(record))["burst"]["score"] == record.burst.score


def test_a_bucket_that_was_emptied_has_a_record() -> None:
    record = trend(TrendKey("topic", "", "medtop:15000000", "ja"), Counter(), BUCKET, NOW_S, 0)
    assert (record.originals, record.sentiment, record.label, record.first_seen) == (
        0,
        None,
        "medtop:15000000",
        record.window.start,
    )
    assert not record.burst.rising


def test_the_burst_is_that_of_the_hour_which_ends_with_the_bucket() -> None:
    counter = counter_of([(BUCKET - 4, 100), (BUCKET - 3, 2), (BUCKET, 3), (BUCKET + 1, 50)])
    assert trend(KEY, counter, BUCKET, NOW_S, 0).burst.observed == 5


def test_history_begins_when_the_service_did_or_where_memory_ends() -> None:
    assert history_start(NOW_S, NOW_S - 3_000, WEEK_S) == BUCKET - 3
    assert history_start(NOW_S, 0, WEEK_S) == BUCKET - 671
    assert history_start(NOW_S, NOW_S - 90_000, 86_400) == BUCKET - 95


def test_a_name_is_not_unusual_because_the_service_is_young() -> None:
    counter = counter_of([(BUCKET - back, 25) for back in range(8)])
    old, young = trend(KEY, counter, BUCKET, NOW_S, 0), trend(KEY, counter, BUCKET, NOW_S, NOW_S - 8 * BUCKET_S)
    assert old.burst.rising and not young.burst.rising
    assert young.burst.expected > 90 > old.burst.expected
