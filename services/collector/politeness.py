"""One host, few requests: an interval between any two, so many at a time, and longer waits when it asks for them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.collector.errors import FetchFailed
from services.collector.schedule import Random, backoff_s
from services.collector.state import State

# A task that would wait longer for its turn gives the place back; the scheduler comes again.
PATIENCE_S = 30.0


@dataclass
class _Lane:
    """A host's requests, here and now."""

    next_at: float
    failures: int
    slots: asyncio.Semaphore
    interval_s: float = 0.0
    ended_at: float = 0.0
    in_flight: int = 0
    one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)


class Gate:
    """Lets requests through to their hosts; when a host may be asked next is written down before it is asked."""

    def __init__(
        self,
        state: State,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        random: Random,
        retry_first_s: float,
        retry_max_s: float,
    ) -> None:
        self._state, self._now, self._sleep, self._random = state, now, sleep, random
        self._retry_first_s, self._retry_max_s = retry_first_s, retry_max_s
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def turn(self, host: str, interval_s: float, concurrency: int) -> AsyncIterator[None]:
        """Waits until the host may be asked; the block is the request.

        Raises:
            FetchFailed: the host may not be asked for a long while yet; retry_at says when.
        """
        lane = await self._lane(host, concurrency)
        async with lane.slots:
            async with lane.one_by_one:
                await self._widen(host, lane, interval_s)
                await self._wait(host, lane)
                await self._set_next(host, lane, self._now() + lane.interval_s)
                lane.in_flight += 1
            try:
                yield
            finally:
                lane.in_flight -= 1
                lane.ended_at = self._now()
                if lane.in_flight == 0:
                    # From the end of the last request: a slow host gets its interval too.
                    await self._set_next(host, lane, lane.ended_at + lane.interval_s)

    async def block(self, host: str, until: float, reason: str) -> None:
        """No request to the host before that time: it asked for it."""
        lane = await self._lane(host)
        await self._set_next(host, lane, until, reason)

    async def failed(self, host: str, reason: str) -> float:
        """Remembers that the host couldn't be reached: nobody tries again for a while, longer with each time; until when."""
        lane = await self._lane(host)
        lane.failures += 1
        until = self._now() + backoff_s(lane.failures, self._retry_first_s, self._retry_max_s, self._random)
        await self._set_next(host, lane, until, reason)
        return until

    async def reached(self, host: str) -> None:
        """The host answers."""
        lane = await self._lane(host)
        if lane.failures:
            lane.failures = 0
            await self._state(write_host, host, lane.next_at, 0, None)

    async def _lane(self, host: str, concurrency: int = 1) -> _Lane:
        if host not in self._lanes:
            next_at, failures = await self._state(read_host, host)
            self._lanes.setdefault(host, _Lane(next_at, failures, asyncio.Semaphore(concurrency)))
        return self._lanes[host]

    async def _widen(self, host: str, lane: _Lane, interval_s: float) -> None:
        """The interval that robots.txt asks for also counts from the request for robots.txt."""
        if interval_s > lane.interval_s:
            lane.interval_s = interval_s
            if lane.ended_at:
                await self._set_next(host, lane, lane.ended_at + interval_s)

    async def _wait(self, host: str, lane: _Lane) -> None:
        while (wait := lane.next_at - self._now()) > 0:
            if wait > PATIENCE_S:
                raise FetchFailed("host_waits", f"{host} may not be asked yet", retry_at=lane.next_at)
            await self._sleep(wait)

    async def _set_next(self, host: str, lane: _Lane, next_at: float, reason: str | None = None) -> None:
        lane.next_at = max(lane.next_at, next_at)
        await self._state(write_host, host, lane.next_at, lane.failures, reason)


def read_host(connection: sqlite3.Connection, host: str) -> tuple[float, int]:
    """When the host may be asked next, and how often in a row it couldn't be reached."""
    row = connection.execute("SELECT next_at, failures FROM hosts WHERE host = ?", (host,)).fetchone()
    return (row["next_at"], row["failures"]) if row else (0.0, 0)


def write_host(connection: sqlite3.Connection, host: str, next_at: float, failures: int, reason: str | None) -> None:
    """Writes that down."""
    connection.execute(
        "INSERT INTO hosts VALUES (?, ?, ?, ?) ON CONFLICT (host) DO UPDATE SET next_at = max(next_at, excluded.next_at), "
        "failures = excluded.failures, reason = excluded.reason",
        (host, next_at, failures, reason),
    )
