"""Counts are exact whatever order partitions are heard in, whatever is repeated, revised or withdrawn."""

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from services.trends import counter as module
from services.trends.change import Cell, Change, Mentions, mentions
from services.trends.counter import Counter
from services.trends.keys import TrendKey, normalised
from tests.support.counting import KEY

FIRST, LAST = 1_883_472, 1_883_480
LABELS = st.sampled_from(["أذربيجان", "بَاكو", "", "Bakı", "बाकू", "巴库", "🇦🇿"])


@dataclass(frozen=True)
class Said:
    """What one record says of an article: its cell, or None for a withdrawal."""

    partition: int
    article: int
    cell: Cell | None
    label: str


cells = st.builds(
    lambda bucket, source, copy, score: Cell(bucket, source, int(not copy), int(copy), score or 0, int(score is not None)),
    st.integers(FIRST, LAST - 1),
    st.integers(0, 6) | st.just(2**32 - 1),
    st.booleans(),
    st.none() | st.integers(-10_000, 10_000),
)
said = st.builds(Said, st.integers(0, 2), st.integers(0, 3), st.none() | cells, LABELS)
histories = st.lists(said, max_size=30)
orders = st.randoms(use_true_random=False)


def changes_of(history: list[Said]) -> Iterator[Change]:
    """What the records change, in the order of the history: an article is always on the same partition."""
    standing: dict[tuple[int, int], Cell] = {}
    for offset, record in enumerate(history):
        before = standing.pop((record.partition, record.article), None)
        taken = [] if before is None else [Cell(before.bucket, before.source, *(-number for number in numbers(before)))]
        added = [] if record.cell is None else [record.cell]
        if record.cell is not None:
            standing[record.partition, record.article] = record.cell
        if taken or added:
            yield Change(KEY, record.label, record.partition, offset, (*taken, *added))


def numbers(cell: Cell) -> tuple[int, int, int, int]:
    return cell.originals, cell.duplicates, cell.sentiment, cell.scored


def left_of(history: list[Said]) -> list[Cell]:
    """The cells of the articles that stand at the end: what a person with the list would count."""
    last = {(record.partition, record.article): record.cell for record in history}
    return [cell for cell in last.values() if cell is not None]


def interleaved(changes: list[Change], order: Random) -> list[Change]:
    """Another order that keeps each partition's, as after a rebalance, and with repeats as after a crash."""
    queues: dict[int, list[Change]] = {}
    for change in changes:
        queues.setdefault(change.partition, []).append(change)
    heard: dict[int, int] = dict.fromkeys(queues, 0)
    result: list[Change] = []
    while open_ := [partition for partition, queue in queues.items() if heard[partition] < len(queue)]:
        partition = order.choice(open_)
        if heard[partition] and order.random() < 0.2:
            heard[partition] = order.randrange(heard[partition])
        result.append(queues[partition][heard[partition]])
        heard[partition] += 1
    return result


def counted(changes: list[Change]) -> Counter:
    counter = Counter()
    for change in changes:
        counter.apply(change)
    return counter


@given(histories, st.integers(FIRST, LAST), st.integers(0, 8))
def test_totals_are_what_the_standing_articles_add_up_to(history: list[Said], start: int, length: int) -> None:
    total = counted(list(changes_of(history))).total(start, start + length)
    standing = [cell for cell in left_of(history) if start <= cell.bucket < start + length]
    assert total.originals == sum(cell.originals for cell in standing)
    assert total.duplicates == sum(cell.duplicates for cell in standing)
    assert total.scored == sum(cell.scored for cell in standing)
    assert total.sources == len({cell.source for cell in standing}) and total.sources_complete
    mean = round(sum(cell.sentiment for cell in standing) / total.scored / 10_000, 4) if total.scored else None
    assert total.sentiment == mean


@given(histories)
def test_first_and_last_mention_are_those_of_the_standing_articles(history: list[Said]) -> None:
    counter, buckets = counted(list(changes_of(history))), [cell.bucket for cell in left_of(history)]
    assert (counter.first_seen_bucket, counter.last_bucket) == (min(buckets, default=None), max(buckets, default=None))


@given(histories, orders)
def test_order_between_partitions_and_repeats_change_nothing(history: list[Said], order: Random) -> None:
    changes = list(changes_of(history))
    assert counted(interleaved(changes, order)).to_bytes() == counted(changes).to_bytes()


@given(histories, orders)
def test_nor_when_there_are_more_sources_and_spellings_than_are_kept(history: list[Said], order: Random) -> None:
    changes = list(changes_of(history))
    with patch.multiple(module, MAX_PAIRS=3, MAX_NAMES=2, _SLACK=1):
        state = counted(changes)
        assert counted(interleaved(changes, order)).to_bytes() == state.to_bytes()
        total = state.total(FIRST, LAST)
    standing = left_of(history)
    known = {(cell.bucket, cell.source) for cell in standing}
    if total.sources_complete:
        assert total.sources == len({source for _, source in known})
    assert total.sources <= min(3, len({source for _, source in known}))
    assert total.mentions == len(standing)


@given(histories, st.data())
def test_a_state_survives_being_stored_at_any_moment(history: list[Said], data: st.DataObject) -> None:
    changes = list(changes_of(history))
    counter = Counter()
    for change in changes:
        if data.draw(st.booleans()):
            counter = Counter.from_bytes(counter.to_bytes())
        counter.apply(change)
    assert counter == counted(changes)


@given(histories, st.lists(st.integers(FIRST, LAST + 1), max_size=3))
def test_expiry_takes_away_old_buckets_only(history: list[Said], limits: list[int]) -> None:
    counter, whole = counted(list(changes_of(history))), counted(list(changes_of(history)))
    for limit in limits:
        counter.expire(limit)
    limit = max(limits, default=FIRST)
    assert counter.mentions(FIRST, LAST) == [
        count if bucket >= limit else 0 for bucket, count in enumerate(whole.mentions(FIRST, LAST), start=FIRST)
    ]
    assert counter.total(limit, LAST + 1) == whole.total(limit, LAST + 1)
    assert counter.first_seen_bucket == whole.first_seen_bucket
    assert counter.is_empty == (limit > max((cell.bucket for change in changes_of(history) for cell in change.cells), default=0))


@given(histories, histories)
def test_a_merged_counter_is_the_sum(one: list[Said], other: list[Said]) -> None:
    merged = Counter.merged([counted(list(changes_of(one))), counted(list(changes_of(other)))])
    buckets = Tally(cell.bucket for cell in left_of(one) + left_of(other))
    assert merged.mentions(FIRST, LAST) == [buckets[bucket] for bucket in range(FIRST, LAST)]
    assert merged.total(FIRST, LAST).sources == len({cell.source for cell in left_of(one) + left_of(other)})


@given(
    st.lists(
        st.builds(Change, st.just(KEY), LABELS, st.integers(0, 9), st.integers(0, 2**62), st.lists(cells, max_size=3).map(tuple))
    )
)
def test_changes_come_back_from_their_message(changes: list[Change]) -> None:
    assert Mentions.from_bytes(mentions(changes, 5, 4)) == Mentions(tuple(changes), 5, 4)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_normalised_name_is_settled_and_a_key_of_it_comes_back(text: str) -> None:
    name = normalised(text)
    if name is not None:
        assert normalised(name) == name == " ".join(name.split())
        key = TrendKey("entity", "PER", name, "zh-Hant")
        assert TrendKey.from_bytes(key.to_bytes()) == key
