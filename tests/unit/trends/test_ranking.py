"""The first rows of many keys."""

from collections.abc import Callable

import pytest

from services.trends.bounds import is_in_range
from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S
from services.trends.keys import TrendKey
from services.trends.ranking import Order, Ranking, Row
from tests.support.counting import cell, change, counter_of

BUCKET = 1_883_472
NOW_S = BUCKET * BUCKET_S
HOUR_S, DAY_S, WEEK_S = 3_600, 86_400, 604_800


def person(name: str, language: str = "en") -> TrendKey:
    return TrendKey("entity", "PER", name, language)


class Table:
    """Counters by key, and a ranking that hears of each."""

    def __init__(self, max_rows: int = 1_000) -> None:
        self.counters: dict[bytes, Counter] = {}
        self.ranking = Ranking(max_rows)
        self.reads = 0

    def put(self, key: TrendKey, *counts: tuple[int, int], now_s: int = NOW_S) -> None:
        """Originals by how many buckets ago they were."""
        counter = counter_of((BUCKET - ago, count) for ago, count in counts)
        self.counters[key.to_bytes()] = counter
        self.ranking.update(key, counter, now_s)

    def read(self, key: bytes) -> Counter | None:
        self.reads += 1
        return self.counters.get(key)

    def top(self, window_s: int = HOUR_S, order: Order = "burst", now_s: int = NOW_S, limit: int = 20, **what: str) -> list[Row]:
        return self.ranking.top(
            window_s, now_s, what.get("kind", "entity"), what.get("type"), what.get("language"), limit, order, read=self.read
        )


def names(rows: list[Row]) -> list[str]:
    return [row.name for row in rows]


def test_rows_are_ordered_by_burst_or_mentions() -> None:
    table = Table()
    table.put(person("steady"), *((ago, 10) for ago in range(600)))
    table.put(person("जया"), (0, 12))
    table.put(person("عمر"), (1, 9), (200, 5))
    table.put(person("long ago"), (30, 99))
    assert names(table.top()) == ["जया", "عمر", "steady"]
    assert names(table.top(order="mentions")) == ["steady", "जया", "عمر"]
    assert names(table.top(DAY_S, order="mentions")) == ["steady", "long ago", "जया", "عمر"]
    assert names(table.top(limit=1)) == ["जया"]


def test_a_row_has_what_is_shown_of_it() -> None:
    table = Table()
    table.put(person("李娜", "zh-Hans"), (0, 2), (3, 1), (23, 7), (24, 99))
    (row,) = table.top()
    assert (row.kind, row.type, row.languages, row.total.originals) == ("entity", "PER", (("zh-Hans", 3),), 3)
    assert row.sparkline == (7, *[0] * 19, 1, 0, 0, 2) and row.first_seen_bucket == BUCKET - 24
    assert row.burst.observed == 3
    (row,) = table.top(DAY_S)
    assert row.sparkline == (*[0] * 17, 99, 7, 0, 0, 0, 0, 3)


def test_languages_of_a_name_are_one_row() -> None:
    table = Table()
    for language, count in (("ar", 4), ("en", 5), ("zh-Hant", 2), ("zh-Hans", 3)):
        table.put(person("baku", language), (0, count))
    table.put(TrendKey("entity", "LOC", "baku", "en"), (0, 6))
    table.put(person("other"), (0, 7))
    rows = table.top()
    assert names(rows) == ["baku", "other", "baku"]
    assert rows[0].languages == (("en", 5), ("ar", 4), ("zh-Hans", 3), ("zh-Hant", 2)) and rows[0].burst.observed == 14
    (chinese,) = table.top(language="zh")
    assert chinese.languages == (("zh-Hans", 3), ("zh-Hant", 2)) and chinese.total.originals == 5
    assert [row.total.originals for row in table.top(language="AR")] == [4]
    assert table.top(language="a") == []


def test_rows_are_of_the_kind_and_type_that_was_asked_for() -> None:
    table = Table()
    for key in (
        person("x"),
        TrendKey("entity", "ORG", "x", "en"),
        TrendKey("country", "", "AZ", "en"),
        TrendKey("topic", "", "t", "en"),
    ):
        table.put(key, (0, 1))
    assert [row.type for row in table.top(type="ORG")] == ["ORG"]
    assert names(table.top(kind="country")) == ["AZ"]
    assert len(table.top()) == 2 and table.top(kind="language") == []


def test_what_is_no_longer_in_the_window_is_no_row() -> None:
    table = Table()
    table.put(person("x"), (0, 5))
    assert names(table.top(now_s=NOW_S + 3 * BUCKET_S)) == ["x"]
    assert table.top(now_s=NOW_S + 4 * BUCKET_S) == []
    assert names(table.top(DAY_S, now_s=NOW_S + 95 * BUCKET_S)) == ["x"]
    assert table.top(WEEK_S, now_s=NOW_S + 700 * BUCKET_S) == []


def test_a_row_follows_its_key() -> None:
    table = Table()
    key = person("x")
    table.put(key, (0, 5))
    assert table.top()[0].total.originals == 5
    table.put(key, (0, 6))
    assert table.top()[0].total.originals == 6
    table.ranking.forget(key)
    assert table.top() == [] and len(table.ranking) == 0
    table.ranking.forget(key)
    table.put(key, (0, 7))
    assert table.top()[0].total.originals == 7


def test_a_withdrawn_key_leaves_the_ranking() -> None:
    table = Table()
    key, counter = person("x"), Counter()
    for offset, originals in enumerate((1, -1)):
        counter.apply(change(cell(BUCKET, originals), offset=offset, key=key))
        table.ranking.update(key, counter, NOW_S)
    assert len(table.ranking) == 0


def test_a_key_whose_counter_is_gone_is_no_row() -> None:
    table = Table()
    table.put(person("x"), (0, 5))
    table.put(person("y"), (0, 4))
    del table.counters[person("x").to_bytes()]
    assert names(table.top()) == ["y"]


def test_few_counters_are_read_and_none_twice() -> None:
    table = Table(max_rows=5_000)
    for number in range(3_000):
        table.put(person(f"rare {number}"), (number % 90, 1))
    for number in range(40):
        table.put(person(f"steady {number}"), *((ago, 4) for ago in range(300)))
    for number in range(30):
        table.put(person(f"new {number}"), (0, 12 + number))
    rows = table.top(limit=10)
    print(f"{table.reads} of 3,070 counters read for 10 rows")
    assert names(rows) == [f"new {number}" for number in range(29, 19, -1)] and table.reads < 100
    before = table.reads
    assert table.top(limit=10) == rows and table.reads == before


@pytest.mark.parametrize(
    "worth", [lambda n: (0, 1 + n), lambda n: (n // 5, 1), lambda n: (100 + n, 1 + n)], ids=["many", "new", "week"]
)
def test_beyond_the_bound_the_least_mentioned_go(worth: Callable[[int], tuple[int, int]]) -> None:
    table = Table(max_rows=64)
    table.put(person("keep"), (0, 1_000))
    for number in range(500):
        table.put(person(f"x {number}"), worth(number % 300))
        assert len(table.ranking) <= 64
    assert names(table.top(WEEK_S, limit=1, order="mentions")) == ["keep"]


@pytest.mark.parametrize(
    ("tag", "language", "is_in"),
    [("zh-Hant", "zh", True), ("zh", "zh-Hant", False), ("ZH-hant", "zh-HANT", True), ("zha", "zh", False), ("ar", "*", True)],
)
def test_language_ranges(tag: str, language: str, is_in: bool) -> None:
    assert is_in_range(tag, language) == is_in
