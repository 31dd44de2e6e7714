"""What a record of news.enriched changes: counted, late, revised, withdrawn, a copy; and all of it again after a crash."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from services.trends.article_state import ArticleState, cells_between, event_time_of
from services.trends.change import Change
from services.trends.clock import Clock
from services.trends.keys import TrendKey
from services.trends.ledger import CLOCK, Ledger, Settled
from services.trends.originals import Originals
from services.trends.overlay import Overlay
from services.trends.reading import Reading, Withdrawal
from services.trends.signature import signature
from services.trends.sources import source_hash

HOUR_S = 3600
NOON_S = 1_700_000_000 // 86_400 * 86_400 + 12 * HOUR_S
PARTITION = 2


class Memory:
    """A table's partition in memory, with a changelog that can be cut."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    def get(self, _partition: int, key: bytes) -> bytes | None:
        return self.values.get(key)

    def items(self, _partition: int, prefix: bytes = b"", after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted((k, v) for k, v in self.values.items() if k.startswith(prefix) and (after is None or k > after)))

    def write(self, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        for key, value in changes:
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value


class Service:
    """The ledger over a table, as the second stage runs it."""

    def __init__(self, table: Memory, threshold: float = 0.8) -> None:
        self.table = table
        self.ledger = Ledger(Originals(10_000, threshold, 72 * HOUR_S), 24 * HOUR_S)
        stored = table.get(0, CLOCK)
        self.ledger.clock = Clock.from_bytes(stored) if stored is not None else Clock()
        self.ledger.originals.load(table, 0, self.ledger.clock.now_s)  # type: ignore[arg-type]

    def settle(self, records: Sequence[tuple[int, Reading | Withdrawal]], kept: float = 1.0) -> list[Settled]:
        """Settles a batch; of what is then written only the first part reaches the changelog when `kept` is below 1."""
        state = Overlay(self.table, 0)  # type: ignore[arg-type]
        settled = [self.ledger.settle(state, record, order) for order, record in records]
        self.table.write(state.writes[: round(len(state.writes) * kept)])
        return settled


def article_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def key(name: str) -> TrendKey:
    return TrendKey("entity", "LOC", name, "ar")


def text_of(name: str) -> str:
    words = random.Random(name)
    return " ".join(f"كلمة{words.randrange(5_000)}" for _ in range(120))


def reading(
    name: str,
    offset: int,
    names: Sequence[str] = ("باكو",),
    at_s: int = NOON_S,
    text: str | None = None,
    sentiment: int | None = None,
) -> Reading:
    return Reading(
        article_id=article_id(name),
        partition=PARTITION,
        offset=offset,
        event_time_s=at_s,
        collected_s=at_s,
        source="example.org",
        keys=tuple((key(each), each) for each in names),
        sentiment=sentiment,
        signature=signature(text) if text is not None else None,
    )


def withdrawal(name: str, offset: int) -> Withdrawal:
    return Withdrawal(article_id(name), PARTITION, offset)


def numbers(settled: Sequence[Settled]) -> dict[str, tuple[int, int, int, int]]:
    """Originals, duplicates, sum of sentiment and scored articles of each name, as the counters would have them."""
    sums: dict[str, list[int]] = {}
    applied: dict[TrendKey, int] = {}
    for change in (change for result in settled for change in result.changes):
        if change.offset <= applied.get(change.key, -1):
            continue
        applied[change.key] = change.offset
        row = sums.setdefault(change.key.name, [0, 0, 0, 0])
        for cell in change.cells:
            for at, number in enumerate((cell.originals, cell.duplicates, cell.sentiment, cell.scored)):
                row[at] += number
    return {name: (row[0], row[1], row[2], row[3]) for name, row in sums.items() if any(row)}


def numbered(*records: Reading | Withdrawal) -> list[tuple[int, Reading | Withdrawal]]:
    return list(enumerate(records, start=100))


def test_an_article_counts_once_for_each_of_its_names() -> None:
    settled = Service(Memory()).settle(numbered(reading("a", 5, ["باكو", "أذربيجان"], sentiment=-4_000)))
    assert [result.outcome for result in settled] == ["counted"]
    assert numbers(settled) == {"باكو": (1, 0, -4_000, 1), "أذربيجان": (1, 0, -4_000, 1)}


def test_a_repeat_changes_nothing() -> None:
    service = Service(Memory())
    first = service.settle(numbered(reading("a", 5)))
    again = service.settle([(200, reading("a", 5)), (201, reading("a", 4))])
    assert [result.outcome for result in again] == ["repeated", "repeated"]
    assert [result.changes for result in again] == [(), ()]
    assert numbers(first + again) == {"باكو": (1, 0, 0, 0)}


def test_the_same_article_at_a_new_offset_is_counted_and_changes_nothing() -> None:
    settled = Service(Memory()).settle(numbered(reading("a", 5, sentiment=10), reading("a", 9, sentiment=10)))
    assert [result.outcome for result in settled] == ["counted", "counted"]
    assert settled[1].changes == ()


def test_a_revision_takes_back_what_it_no_longer_says() -> None:
    settled = Service(Memory()).settle(
        numbered(reading("a", 5, ["باكو", "كييف"]), reading("a", 9, ["كييف", "لندن"], sentiment=300))
    )
    assert numbers(settled) == {"كييف": (1, 0, 300, 1), "لندن": (1, 0, 300, 1)}


def test_a_withdrawn_article_is_uncounted_and_an_older_repeat_of_it_stays_so() -> None:
    settled = Service(Memory()).settle(numbered(reading("a", 5), withdrawal("a", 9), reading("a", 5)))
    assert [result.outcome for result in settled] == ["counted", "withdrawn", "repeated"]
    assert numbers(settled) == {}


def test_withdrawing_what_was_never_counted_changes_nothing() -> None:
    assert Service(Memory()).settle(numbered(withdrawal("a", 5))) == [Settled("withdrawn")]


@pytest.mark.parametrize(("hours", "outcome"), [(24, "counted"), (25, "late")])
def test_late_articles_count_within_the_grace_period(hours: int, outcome: str) -> None:
    settled = Service(Memory()).settle(numbered(reading("a", 5), reading("b", 6, at_s=NOON_S - hours * HOUR_S)))
    assert settled[1].outcome == outcome
    assert bool(settled[1].changes) == (outcome == "counted")


def test_a_revision_or_a_repeat_that_comes_too_late_changes_nothing() -> None:
    a_day_later = NOON_S + 30 * HOUR_S
    records = numbered(
        reading("a", 5),
        reading("b", 6, ["لندن"], at_s=a_day_later),
        reading("a", 7, ["كييف"]),
        withdrawal("a", 8),
        reading("a", 7),
    )
    service = Service(Memory())
    settled = service.settle(records[:3])
    assert [result.outcome for result in settled] == ["counted", "counted", "late"]
    assert numbers(settled) == {"باكو": (1, 0, 0, 0), "لندن": (1, 0, 0, 0)}
    settled += service.settle(records[3:])
    assert [result.outcome for result in settled[3:]] == ["withdrawn", "repeated"]
    assert numbers(settled) == {"لندن": (1, 0, 0, 0)}


def test_a_copy_counts_apart_and_is_told_of() -> None:
    text = text_of("اتفاق")
    settled = Service(Memory()).settle(
        numbered(reading("a", 5, text=text), reading("b", 6, text=text + " وأخيرا"), reading("c", 7, text=text_of("آخر")))
    )
    assert numbers(settled) == {"باكو": (2, 1, 0, 0)}
    copy = settled[1].copy
    assert copy is not None and copy.original == uuid.UUID(article_id("a")).bytes
    assert copy.group_size == 2 and 9_000 <= copy.similarity < 10_000
    assert settled[0].copy is None and settled[2].copy is None


def test_copies_of_copies_belong_to_the_original() -> None:
    text = text_of("اتفاق")
    settled = Service(Memory()).settle(numbered(*(reading(name, at, text=text) for at, name in enumerate("abcd"))))
    assert [result.copy.group_size if result.copy else None for result in settled] == [None, 2, 3, 4]
    assert {result.copy.original for result in settled if result.copy} == {uuid.UUID(article_id("a")).bytes}


def test_a_revision_that_is_no_copy_any_more_is_told_of_and_counted_as_an_original() -> None:
    text = text_of("اتفاق")
    settled = Service(Memory()).settle(
        numbered(reading("a", 5, text=text), reading("b", 6, text=text), reading("b", 7, text=text_of("آخر")))
    )
    assert settled[2].copy is not None and settled[2].copy.original is None
    assert numbers(settled) == {"باكو": (2, 0, 0, 0)}


def test_a_revised_original_stays_the_original_of_its_copies_and_is_not_a_copy_of_them() -> None:
    text = text_of("اتفاق")
    settled = Service(Memory()).settle(
        numbered(
            reading("a", 5, text=text),
            reading("b", 6, text=text),
            reading("a", 7, text=text + " معدل"),
            reading("c", 8, text=text),
        )
    )
    assert settled[2].copy is None
    assert settled[3].copy is not None and settled[3].copy.group_size == 3


def test_once_the_original_is_withdrawn_the_next_copy_is_one() -> None:
    text = text_of("اتفاق")
    settled = Service(Memory()).settle(
        numbered(reading("a", 5, text=text), withdrawal("a", 6), reading("b", 7, text=text), reading("c", 8, text=text))
    )
    assert settled[2].copy is None
    assert settled[3].copy is not None and settled[3].copy.original == uuid.UUID(article_id("b")).bytes


def test_a_withdrawn_copy_leaves_its_group() -> None:
    text = text_of("اتفاق")
    settled = Service(Memory()).settle(
        numbered(reading("a", 5, text=text), reading("b", 6, text=text), withdrawal("b", 7), reading("c", 8, text=text))
    )
    assert settled[2].copy is not None and settled[2].copy.original is None
    assert settled[3].copy is not None and settled[3].copy.group_size == 2
    assert numbers(settled) == {"باكو": (1, 1, 0, 0)}


def test_after_the_window_a_copy_is_an_original() -> None:
    text = text_of("اتفاق")
    late = NOON_S + 73 * HOUR_S
    settled = Service(Memory()).settle(numbered(reading("a", 5, text=text), reading("b", 6, text=text, at_s=late)))
    assert settled[1].copy is None


def a_day(seed: int) -> list[tuple[int, Reading | Withdrawal]]:
    """A stream with everything that can happen, repeats included."""
    chance = random.Random(seed)
    texts = [text_of(f"نص {n}") for n in range(6)]
    records: list[Reading | Withdrawal] = []
    for offset in range(1, 121):
        name = f"article {chance.randrange(40)}"
        if records and chance.random() < 0.15:
            records.append(chance.choice(records))
        elif chance.random() < 0.12:
            records.append(withdrawal(name, offset))
        else:
            text = chance.choice(texts) + " " + " ".join(chance.choices(["قال", "أمس", "اليوم"], k=chance.randrange(3)))
            names = chance.sample(["باكو", "كييف", "لندن", "القاهرة"], k=chance.randrange(1, 4))
            at_s = NOON_S + offset * 60 - (40 * HOUR_S if chance.random() < 0.1 else 0)
            records.append(reading(name, offset, names, at_s, text, chance.choice([None, -2_500, 700])))
    return [(order, record) for order, record in enumerate(records, start=1_000)]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_part_of_the_changelog_a_crash_leaves_the_counts_and_groups_are_the_same(seed: int) -> None:
    stream, chance = a_day(seed), random.Random(f"crashes {seed}")
    batches = [stream[at : at + 10] for at in range(0, len(stream), 10)]
    undisturbed = Service(Memory())
    expected = [result for batch in batches for result in undisturbed.settle(batch)]

    table, heard, crashes = Memory(), [], 0
    service = Service(table)
    for batch in batches:
        while chance.random() < 0.5:
            heard += service.settle(batch, kept=chance.random())
            service, crashes = Service(table), crashes + 1
        heard += service.settle(batch)
    print(f"{crashes} crashes over {len(stream)} records")
    assert crashes > 0
    assert numbers(heard) == numbers(expected)
    assert table.values == undisturbed.table.values
    assert _last_copies(heard) == _last_copies(expected)


def _last_copies(settled: Sequence[Settled]) -> dict[str, bytes | None]:
    return {result.copy.article_id: result.copy.original for result in settled if result.copy is not None}


def test_an_articles_state_comes_back_as_it_was_stored() -> None:
    state = ArticleState(3, 2**40, NOON_S, 7, -9_999, (b"Pone\x1far", b""), True, False, bytes(range(16)), 8_765)
    assert ArticleState.from_bytes(state.to_bytes()) == state
    assert event_time_of(state.to_bytes()) == NOON_S
    bare = ArticleState(0, 0, 0, is_withdrawn=True)
    assert ArticleState.from_bytes(bare.to_bytes()) == bare


def test_cells_between_equal_states_are_none() -> None:
    state = ArticleState(1, 5, NOON_S, 7, 10, (b"a", b"b"), is_counted=True)
    assert list(cells_between(state, replace(state, offset=6))) == []
    moved = replace(state, event_time_s=NOON_S + HOUR_S)
    assert [len(cells) for _key, cells in cells_between(state, moved)] == [2, 2]


def test_sources_are_told_apart_and_none_is_zero() -> None:
    assert source_hash("") == 0
    assert Counter(map(source_hash, ("a.example", "b.example", "ا.example"))).most_common(1)[0][1] == 1


def test_changes_name_the_record_they_come_from() -> None:
    (settled,) = Service(Memory()).settle(numbered(reading("a", 5)))
    assert [(change.partition, change.offset, change.name) for change in settled.changes] == [(PARTITION, 5, "باكو")]
    assert all(isinstance(change, Change) for change in settled.changes)
