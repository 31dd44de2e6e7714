"""A child process that dies, hangs, fails and works: what its worker sees. The children are real."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from services.runtime.errors import TransientError
from services.runtime.isolation import Handle, Isolation, WorkerCrashed
from services.runtime.records import Message, Outcome, Record


def record(value: bytes) -> Record:
    return Record("news.raw", 2, 7, b"k", value, (), 0)


def handle(records: Sequence[Record]) -> Sequence[Outcome]:
    """Does what the value says; otherwise answers with the id of its process."""
    (only,) = records
    order = (only.value or b"").decode()
    if order == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if order == "hang":
        time.sleep(600)
    if order == "later":
        raise TransientError("not now")
    if order.startswith("die once "):
        mark = Path(order.removeprefix("die once "))
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [Outcome(only, "done", Message("out", b"k", str(os.getpid()).encode()))]


def load() -> Handle:
    return handle


def load_badly() -> Handle:
    raise SystemExit(3)


def is_there(process: int) -> bool:
    """Whether a process with that id lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def answer(isolation: Isolation, order: str) -> int:
    (outcome,) = await isolation([record(order.encode())])
    return int(outcome.message.value or b"")


async def test_records_are_handled_in_one_other_process_that_ends_with_the_block() -> None:
    async with Isolation(load, deadline_s=30).running() as isolation:
        first, second = await answer(isolation, "a"), await answer(isolation, "b")
    assert first == second != os.getpid()
    async with asyncio.timeout(10):
        while is_there(first):
            await asyncio.sleep(0.01)


async def test_a_record_that_kills_two_children_is_named_with_the_signal_and_the_next_record_is_handled() -> None:
    async with Isolation(load, deadline_s=30).running() as isolation:
        with pytest.raises(WorkerCrashed, match="ended by SIGSEGV") as crashed:
            await answer(isolation, "die")
        assert crashed.value.error_class == "crashed_worker"
        assert await answer(isolation, "a")


async def test_one_death_proves_nothing(tmp_path: Path) -> None:
    async with Isolation(load, deadline_s=30).running() as isolation:
        assert await answer(isolation, f"die once {tmp_path / 'mark'}")


async def test_a_record_that_never_ends_is_found_out_at_the_deadline() -> None:
    async with Isolation(load, deadline_s=0.2).running() as isolation:
        with pytest.raises(WorkerCrashed, match=r"still busy after 0\.2 s"):
            await answer(isolation, "hang")


async def test_what_may_succeed_later_is_said_to_the_worker() -> None:
    async with Isolation(load, deadline_s=30).running() as isolation:
        with pytest.raises(TransientError, match="not now"):
            await answer(isolation, "later")


async def test_a_child_that_can_not_start_is_no_record_s_fault() -> None:
    async with Isolation(load_badly, deadline_s=30).running() as isolation:
        with pytest.raises(TransientError, match="exit code 3 while it loaded"):
            await answer(isolation, "a")


async def test_cancelling_drops_the_child_so_that_its_answer_reaches_nobody_else() -> None:
    async with Isolation(load, deadline_s=30).running() as isolation:
        before = await answer(isolation, "a")
        waiting = asyncio.ensure_future(answer(isolation, "hang"))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await answer(isolation, "b") != before


async def test_an_idle_child_is_ended() -> None:
    async with Isolation(partial(load), deadline_s=30, idle_s=0.05).running() as isolation:
        first = await answer(isolation, "a")
        async with asyncio.timeout(10):
            while is_there(first):
                await asyncio.sleep(0.01)
        assert await answer(isolation, "b") != first
