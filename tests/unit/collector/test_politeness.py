"""Turns at a host, with a clock that only moves when somebody waits."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.collector.errors import FetchFailed
from services.collector.politeness import Gate, read_host
from services.collector.state import State, opened_state

HOST = "a.example"


@dataclass
class Clock:
    """Time that passes by waiting."""

    at: float = 1_000.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with opened_state(tmp_path / "state.sqlite") as state:
        yield state


def gate(state: State, clock: Clock) -> Gate:
    return Gate(state, clock.now, clock.sleep, random.Random(1).random, retry_first_s=60.0, retry_max_s=3_600.0)


async def ask(gate: Gate, clock: Clock, interval_s: float, lasting_s: float = 0.0, concurrency: int = 1) -> float:
    """A request; when it went out."""
    async with gate.turn(HOST, interval_s, concurrency):
        started = clock.at
        clock.at += lasting_s
    return started


async def test_the_interval_counts_from_the_end_of_the_last_request(state: State) -> None:
    clock = Clock()
    polite = gate(state, clock)
    assert [await ask(polite, clock, 2.0, lasting_s=0.5) for _ in range(3)] == [1_000.0, 1_002.5, 1_005.0]


async def test_a_crawl_delay_counts_from_the_request_that_told_of_it(state: State) -> None:
    clock = Clock()
    polite = gate(state, clock)
    assert [await ask(polite, clock, 1.0), await ask(polite, clock, 10.0), await ask(polite, clock, 1.0)] == [
        1_000.0,
        1_010.0,
        1_020.0,
    ]


async def test_hosts_do_not_wait_for_each_other(state: State) -> None:
    clock = Clock()
    polite = gate(state, clock)
    await ask(polite, clock, 10.0)
    async with polite.turn("b.example", 10.0, 1):
        assert clock.at == 1_000.0


async def test_only_so_many_at_a_time(state: State) -> None:
    clock, running, most = Clock(), 0, 0
    polite = gate(state, clock)

    async def one() -> None:
        nonlocal running, most
        async with polite.turn(HOST, 0.1, 2):
            running += 1
            most = max(most, running)
            for _ in range(50):
                await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(one() for _ in range(6)))
    assert most == 2


async def test_a_restart_does_not_shorten_the_interval(state: State) -> None:
    clock = Clock()
    with pytest.raises(RuntimeError, match="killed"):
        async with gate(state, clock).turn(HOST, 5.0, 1):
            assert (await state(read_host, HOST))[0] == 1_005.0  # written down before the request goes out
            raise RuntimeError("killed")
    assert await ask(gate(state, clock), clock, 1.0) == 1_005.0


async def test_who_would_wait_long_gives_the_place_back(state: State) -> None:
    clock = Clock()
    polite = gate(state, clock)
    await polite.block(HOST, 2_000.0, "retry_after")
    with pytest.raises(FetchFailed) as failure:
        await ask(polite, clock, 1.0)
    assert (failure.value.reason, failure.value.retry_at) == ("host_waits", 2_000.0)
    assert clock.waits == []


async def test_an_unreachable_host_rests_longer_each_time_until_it_answers(state: State) -> None:
    clock = Clock()
    polite = gate(state, clock)
    rests = []
    for _ in range(3):
        until = await polite.failed(HOST, "unreachable")
        rests.append(until - clock.at)
        clock.at = until
    assert 30 <= rests[0] <= 60 <= rests[1] <= 120 <= rests[2] <= 240
    await polite.reached(HOST)
    assert 30 <= await polite.failed(HOST, "unreachable") - clock.at <= 60
