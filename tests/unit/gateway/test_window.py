"""The window: what is known again, for how long and how much."""

import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import content_digest
from services.gateway.window import Seen, Window, next_revision


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def ids(count: int) -> list[str]:
    return [str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))) for number in range(count)]


ONE, TWO = content_digest(None, "نص"), content_digest("标题", "正文")


def test_the_last_content_is_known_and_no_other() -> None:
    window, name = Window(10, 100, Clock()), ids(1)[0]
    assert window.seen(name) is None
    window.note(name, ONE, 0)
    window.note(name, TWO, 7)
    seen = window.seen(name)
    assert seen is not None and seen.has(TWO) and not seen.has(ONE) and seen.revision == 7 and not seen.is_withdrawn


def test_a_withdrawn_article_has_no_content() -> None:
    window, name = Window(10, 100, Clock()), ids(1)[0]
    window.note(name, ONE, 3)
    window.note(name, None, 3)
    seen = window.seen(name)
    assert seen is not None and seen.is_withdrawn and not seen.has(ONE)


def test_what_is_too_old_is_unknown_and_goes() -> None:
    clock = Clock()
    window, (old, new) = Window(10, 100, clock), ids(2)
    window.note(old, ONE, 0)
    clock.now += 101
    assert window.seen(old) is None
    window.note(new, ONE, 0)
    assert len(window) == 1


@given(st.lists(st.integers(0, 30), max_size=200))
def test_it_never_grows_beyond_its_size_and_keeps_the_latest(order: list[int]) -> None:
    window, names = Window(5, 100, Clock()), ids(31)
    for number in order:
        window.note(names[number], ONE, number)
        assert len(window) <= 5
    latest = list(dict.fromkeys(reversed(order)))[:5]
    assert all(window.seen(names[number]) == Seen(bytes.fromhex(ONE[7:39]), number) for number in latest)


def test_entries_read_partition_by_partition_are_forgotten_by_age() -> None:
    window, (new, old, other) = Window(2, 10**9, Clock()), ids(3)
    window.note(new, ONE, 0, accepted_at=900.0)
    window.note(old, ONE, 0, accepted_at=100.0)
    window.put_in_order()
    window.note(other, ONE, 0)
    assert window.seen(old) is None and window.seen(new) is not None


@pytest.mark.parametrize(
    ("given_revision", "last", "expected"), [(None, None, 0), (4, None, 4), (None, 2, 3), (1, 2, 3), (9, 2, 9), (0, 0, 1)]
)
def test_revisions_only_grow(given_revision: int | None, last: int | None, expected: int) -> None:
    assert next_revision(given_revision, None if last is None else Seen(b"", last)) == expected


def test_an_entry_is_small() -> None:
    window, names = Window(100_000, 100, Clock()), ids(20_000)
    for name in names:
        window.note(name, ONE, 1)
    entries = window._entries
    size = sys.getsizeof(entries) + sum(sys.getsizeof(key) + sys.getsizeof(value) for key, value in entries.items())
    print(f"{size / len(names):.0f} bytes an article")
    assert size / len(names) < 300
