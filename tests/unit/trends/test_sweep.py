"""Old keys go in event time, a little at a time, and all of them within the hour's sweep."""

from collections.abc import Iterator

import pytest

from services.trends import sweep as module
from services.trends.sweep import Sweep

HOUR_S = 3600


class Table:
    """A partition in memory that counts how many keys were looked at."""

    def __init__(self, values: dict[bytes, bytes]) -> None:
        self.values, self.looked_at = values, 0

    def items(self, _partition: int, prefix: bytes = b"", after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        for key, value in sorted(self.values.items()):
            if key.startswith(prefix) and (after is None or key > after):
                self.looked_at += 1
                yield key, value


def sweep_of(table: Table, prefix: bytes = b"") -> Sweep:
    """Deletes values below the hour, halves nothing."""
    return Sweep(table, prefix, lambda _key, value, now_s: (int(value) < now_s // HOUR_S, None))  # type: ignore[arg-type]


def swept(sweep: Sweep, table: Table, now_s: int) -> list[int]:
    """Steps until nothing is looked at any more; how many keys each step looked at."""
    looked: list[int] = []
    while True:
        before = table.looked_at
        for key, value in sweep.step(0, now_s):
            assert value is None
            del table.values[key]
        if table.looked_at == before:
            return looked
        looked.append(table.looked_at - before)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEP", 10)


def filled(count: int) -> Table:
    return Table({b"k%03d" % number: b"%d" % (number % 10) for number in range(count)})


@pytest.mark.usefixtures("small_steps")
def test_only_what_is_too_old_goes_and_no_step_looks_at_more_than_its_share() -> None:
    table = filled(95)
    sweep = sweep_of(table)
    assert swept(sweep, table, 4 * HOUR_S) == [], "the first hour is where it begins to count"
    looked = swept(sweep, table, 5 * HOUR_S + 1)
    assert sorted({int(value) for value in table.values.values()}) == [5, 6, 7, 8, 9]
    assert max(looked) == 10 and sum(looked) == 95


@pytest.mark.usefixtures("small_steps")
def test_one_sweep_for_each_hour_of_the_streams_time() -> None:
    table = filled(30)
    sweep = sweep_of(table)
    swept(sweep, table, 1 * HOUR_S)
    swept(sweep, table, 2 * HOUR_S)
    assert swept(sweep, table, 2 * HOUR_S + 3_599) == []
    assert swept(sweep, table, 3 * HOUR_S) != []


@pytest.mark.usefixtures("small_steps")
def test_time_that_moves_on_during_a_sweep_brings_another_one() -> None:
    table = filled(35)
    sweep = sweep_of(table)
    sweep.step(0, 1 * HOUR_S)
    for key, _ in sweep.step(0, 2 * HOUR_S):
        del table.values[key]
    swept(sweep, table, 9 * HOUR_S)
    swept(sweep, table, 10 * HOUR_S)
    assert not table.values


@pytest.mark.usefixtures("small_steps")
def test_other_prefixes_stay() -> None:
    table = Table({b"a1": b"0", b"b1": b"0"})
    sweep = sweep_of(table, b"a")
    swept(sweep, table, 1 * HOUR_S)
    swept(sweep, table, 2 * HOUR_S)
    assert set(table.values) == {b"b1"}
