"""What arrives is handed out at once, in order, and so is what ends it."""

import threading
from collections.abc import Iterator

import pytest

from services.cli.arrivals import Arrivals

LONG_S = 30.0


def test_items_come_in_order_and_then_none() -> None:
    arrivals = Arrivals(iter(range(50)))
    taken: list[int] = []
    while (some := arrivals.take(7, LONG_S)) is not None:
        assert len(some) <= 7
        taken += some
    assert taken == list(range(50))
    assert arrivals.take(1, LONG_S) is None


def test_what_is_there_is_handed_out_while_more_is_awaited() -> None:
    go_on = threading.Event()

    def slow() -> Iterator[str]:
        yield "first"
        go_on.wait(LONG_S)
        yield "second"

    arrivals = Arrivals(slow())
    assert arrivals.take(8, 0.05) == ["first"]
    assert arrivals.take(8, 0.01) == []
    go_on.set()
    assert arrivals.take(1, LONG_S) == ["second"]


def test_an_error_comes_after_what_was_read_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    arrivals = Arrivals(failing())
    assert arrivals.take(8, LONG_S) == [1]
    with pytest.raises(OSError, match="the disk is gone"):
        arrivals.take(8, LONG_S)
    assert arrivals.take(8, LONG_S) is None
