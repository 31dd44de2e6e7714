"""The short form of the proof: every kind of fault, on one broker and on three (the long one: `python -m tests.fault.inject`)."""

from pathlib import Path

import pytest

from tests.fault.inject import summary
from tests.fault.injector import PLACES, Wanted, run
from tests.fault.kinds import KINDS

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize(("brokers", "faults"), [(1, 16), (3, 16)], ids=["one-broker", "three-brokers"])
async def test_nothing_is_lost_and_nothing_comes_twice_whatever_breaks(brokers: int, faults: int, tmp_path: Path) -> None:
    wanted = Wanted(seed=1, faults=faults, articles=50 * faults, brokers=brokers)
    report = await run(wanted, print, tmp_path)
    print("\n".join(summary(report)))
    assert {kind for kind, _ in report.table} == {kind for kind in wanted.kinds if brokers in KINDS[kind].brokers}
    assert report.is_good, summary(report)[-1]


async def test_the_injector_can_fail_without_transactions_a_killed_worker_writes_twice(tmp_path: Path) -> None:
    options = ("--guarantee", "at_least_once")
    # A worker that begins commits an empty batch first: faults enough that some come after a batch with records in it.
    wanted = Wanted(seed=1, faults=8, articles=300, kinds=("kill -9",), places=("after_send",), worker_options=options)
    report = await run(wanted, print, tmp_path)
    print(f"without transactions: {report.books}")
    assert report.books is not None and report.books.duplicated and not report.is_good


@pytest.mark.parametrize("brokers", [1, 3])
def test_a_long_run_has_every_kind_at_every_place_and_a_seed_decides_the_order(brokers: int) -> None:
    kinds = [name for name, kind in KINDS.items() if brokers in kind.brokers]
    plan = Wanted(seed=7, faults=len(kinds) * len(PLACES), articles=0, brokers=brokers, kinds=tuple(KINDS)).plan
    assert set(plan) == {(kind, place) for kind in kinds for place in PLACES}
    assert plan == Wanted(seed=7, faults=len(plan), articles=0, brokers=brokers, kinds=tuple(KINDS)).plan
    assert plan != Wanted(seed=8, faults=len(plan), articles=0, brokers=brokers, kinds=tuple(KINDS)).plan
