"""Keeps a service running: starts it, watches it, starts it again with back-off when it dies, drains it at the end."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from services.cli.errors import CouldNot
from services.cli.log_lines import decisive
from services.cli.probe import Reading, probe
from services.cli.processes import HOST, Process
from services.cli.service_table import Service
from services.runtime.lifecycle import Backoff

_LOOK_EVERY_S = 0.5
_RATE_OVER_S = 10.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0

# A service that never was ready, and was started again so often, won't be; one that was may have met something that passes.
_HOPELESS_AFTER = 2
_WRONG_SETTINGS = 2
_LOG_LINES = 20


@dataclass(slots=True)
class State:
    """How a service stands, for whoever shows it."""

    service: Service
    word: str = "starting"
    reason: str = ""
    restarts: int = 0
    reading: Reading = field(default_factory=lambda: Reading(is_ready=False))
    rate: float = 0.0
    """Records per second lately."""


class Supervision:
    """One service from the first start to the end of the drain."""

    def __init__(self, service: Service, new_process: Callable[[], Process]) -> None:
        self.state = State(service)
        self._new_process = new_process
        self._was_ready = False
        self._before = Reading(is_ready=False)
        self._history: deque[tuple[float, int]] = deque()

    async def run(self, stop: asyncio.Event) -> None:
        """Until the event is set; the service is then drained.

        Raises:
            CouldNot: it can't be started, or ends again and again before it was ever ready.
        """
        backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        while not stop.is_set():
            process = self._new_process()
            try:
                self.state.word = "starting"
                await process.start()
                status = await self._watch(process, stop, backoff)
                if status is not None:
                    await self._ended(process, status, stop, backoff)
            finally:
                self.state.word = "draining" if stop.is_set() else self.state.word
                await process.stop()
        self.state.word, self.state.reading = "stopped", Reading(False, self.state.reading.outcomes)

    async def _watch(self, process: Process, stop: asyncio.Event, backoff: Backoff) -> int | None:
        """Its exit status when it ends by itself, None when it is to stop."""
        while not stop.is_set():
            if (status := process.status) is not None:
                return status
            if (reading := await probe(HOST, process.health_port)) is not None:
                self._note(reading)
                if reading.is_ready:
                    backoff.reset()
            await _wait(stop, _LOOK_EVERY_S)
        return None

    def _note(self, reading: Reading) -> None:
        state, now = self.state, time.monotonic()
        state.word, state.reason = ("ready", "") if reading.is_ready else ("not ready", state.reason)
        self._was_ready |= reading.is_ready
        # A service that was started again counts from zero: what it did before stays counted.
        names = reading.outcomes.keys() | self._before.outcomes.keys()
        total = {name: reading.outcomes.get(name, 0) + self._before.outcomes.get(name, 0) for name in names}
        state.reading = Reading(reading.is_ready, total, reading.lag)
        self._history.append((now, state.reading.records))
        while self._history[0][0] < now - _RATE_OVER_S:
            self._history.popleft()
        began, records = self._history[0]
        state.rate = (state.reading.records - records) / (now - began) if now > began else 0.0

    async def _ended(self, process: Process, status: int, stop: asyncio.Event, backoff: Backoff) -> None:
        state = self.state
        state.word, state.rate = "stopped", 0.0
        state.reason = f"ended with exit code {status}: {decisive(process.last_lines(_LOG_LINES))}"
        if status == _WRONG_SETTINGS or (not self._was_ready and state.restarts >= _HOPELESS_AFTER):
            raise CouldNot(f"{state.service.name} {state.reason} (log: {process.log})")
        state.word = "restarting"
        state.restarts += 1
        self._before = Reading(False, state.reading.outcomes)
        self._history.clear()
        await _wait(stop, backoff.next_s())


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
