"""The numbers of one key."""

import random

import pytest

from services.trends.counter import MAX_NAMES, MAX_PAIRS, Counter, Total
from tests.support.counting import cell, change, counter_of

BUCKET = 1_883_472


def test_a_window_is_summed() -> None:
    counter = Counter()
    counter.apply(change(cell(BUCKET, 1, 0, -5_000, 1, source=1), offset=1))
    counter.apply(change(cell(BUCKET + 1, 0, 1, -10_000, 1, source=2), offset=2))
    counter.apply(change(cell(BUCKET + 1, 0, 1, 0, 0, source=2), offset=3))
    counter.apply(change(cell(BUCKET + 2, 1, 0, 10_000, 1, source=3), offset=4))
    assert counter.total(BUCKET, BUCKET + 2) == Total(1, 2, 2, True, -0.75, 2)
    assert counter.total(BUCKET + 2, BUCKET + 3) == Total(1, 0, 1, True, 1.0, 1)
    assert counter.total(BUCKET + 3, BUCKET + 99) == Total(0, 0, 0, True, None, 0)
    assert counter.mentions(BUCKET - 1, BUCKET + 4) == [0, 1, 2, 1, 0]


def test_a_repeat_is_skipped() -> None:
    counter = Counter()
    assert [counter.apply(change(cell(BUCKET), offset=offset)) for offset in (4, 4, 3, 5)] == [True, False, False, True]
    assert counter.apply(change(cell(BUCKET), offset=4, partition=1))
    assert counter.total(BUCKET, BUCKET + 1).originals == 3


def test_a_revision_moves_its_article() -> None:
    counter = Counter()
    counter.apply(change(cell(BUCKET, 1, 0, 700, 1, source=1), offset=1))
    counter.apply(change(cell(BUCKET, -1, 0, -700, -1, source=1), cell(BUCKET + 5, 0, 1, -900, 1, source=2), offset=2))
    assert counter.total(BUCKET, BUCKET + 1) == Total(0, 0, 0, True, None, 0)
    assert counter.total(BUCKET + 5, BUCKET + 6) == Total(0, 1, 1, True, -0.09, 1)


def test_a_withdrawn_article_is_remembered_until_its_bucket_expires() -> None:
    counter = Counter()
    counter.apply(change(cell(BUCKET), offset=1))
    counter.apply(change(cell(BUCKET, -1), offset=2))
    assert counter.first_seen_bucket is None and counter.last_bucket is None
    kept = Counter.from_bytes(counter.to_bytes())
    assert not kept.is_empty and not kept.apply(change(cell(BUCKET, -1), offset=2))
    assert kept.expire(BUCKET + 1) and kept.is_empty


def test_first_seen_stays_when_its_bucket_expires() -> None:
    counter = counter_of([(BUCKET, 1), (BUCKET + 9, 2)])
    assert (counter.first_seen_bucket, counter.last_bucket) == (BUCKET, BUCKET + 9)
    assert counter.expire(BUCKET + 5) and not counter.expire(BUCKET + 5)
    assert Counter.from_bytes(counter.to_bytes()).first_seen_bucket == BUCKET
    assert counter.mentions(BUCKET, BUCKET + 10) == [0] * 9 + [2]


def test_the_commonest_spelling_is_the_name() -> None:
    counter = Counter()
    for offset, name in enumerate(["NATO", "Nato", "", "NATO", "nato"]):
        counter.apply(change(cell(BUCKET), offset=offset, name=name))
    assert counter.name == "NATO"
    assert Counter().name == ""


def test_spellings_beyond_the_bound_are_not_counted() -> None:
    counter = Counter()
    for offset in range(400):
        counter.apply(change(cell(BUCKET), offset=offset, name=f"spelling {offset:03}"))
    assert len(counter.to_bytes()) < 400
    assert counter.name == "spelling 000" and MAX_NAMES < 400


def test_beyond_the_bound_the_oldest_sources_go() -> None:
    counter = Counter()
    for offset in range(3 * MAX_PAIRS):
        counter.apply(change(cell(BUCKET + offset // 1_000, source=offset), offset=offset))
    last = BUCKET + (3 * MAX_PAIRS - 1) // 1_000
    recent, all_time = counter.total(last - 1, last + 1), counter.total(BUCKET, last + 1)
    assert (recent.sources, recent.sources_complete) == (1_000 + 3 * MAX_PAIRS % 1_000, True)
    assert (all_time.sources, all_time.sources_complete, all_time.originals) == (MAX_PAIRS, False, 3 * MAX_PAIRS)
    counter.expire(last - 1)
    assert counter.total(last - 1, last + 1) == recent


def test_counters_are_merged() -> None:
    arabic, hindi = counter_of([(BUCKET, 2), (BUCKET + 1, 1)]), Counter()
    hindi.apply(change(cell(BUCKET, 0, 3, -900, 3, source=9), offset=1, name="बाकू"))
    both = Counter.merged([arabic, hindi])
    assert both.total(BUCKET, BUCKET + 2) == Total(3, 3, 2, True, -0.03, 3)
    assert arabic.total(BUCKET, BUCKET + 2).mentions == 3
    assert both.first_seen_bucket == BUCKET


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        Counter.from_bytes(b"\x09" + Counter().to_bytes()[1:])


@pytest.mark.parametrize("number", [127, 128, 32_768, 2**31, 2**40])
def test_numbers_of_any_width_come_back(number: int) -> None:
    counter = Counter()
    counter.apply(change(cell(BUCKET, number, -number, number * 10_000, number, source=2**32 - 1), offset=number, partition=300))
    again = Counter.from_bytes(counter.to_bytes())
    assert again == counter and again.total(BUCKET, BUCKET + 1) == counter.total(BUCKET, BUCKET + 1)


def test_a_busy_key_and_a_rare_one_are_small() -> None:
    chance = random.Random(7)
    busy, rare = Counter(), Counter()
    for offset in range(672 * 20):
        score = chance.randint(-10_000, 10_000)
        busy.apply(
            change(
                cell(BUCKET + offset // 20, 1, 0, score, 1, source=chance.getrandbits(32)), offset=offset, partition=offset % 12
            )
        )
    for offset in range(4):
        rare.apply(
            change(cell(BUCKET + 40 * offset, 1, 0, -8_000, 1, source=chance.getrandbits(32)), offset=10**6, partition=offset)
        )
    again = Counter.from_bytes(busy.to_bytes())
    assert again == busy and again.total(BUCKET, BUCKET + 672) == busy.total(BUCKET, BUCKET + 672)
    sizes = len(busy.to_bytes()), len(rare.to_bytes())
    print(f"busiest key: {sizes[0]} bytes, rare key: {sizes[1]} bytes")
    assert sizes[0] <= 40_000 and sizes[1] <= 150
