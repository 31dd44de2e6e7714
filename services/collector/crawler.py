"""The scheduler: what is due goes to the worker, many hosts at once and few requests a host, as long as there is room."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from services.collector import outbox, targets
from services.collector.sources import Source
from services.collector.state import State
from services.collector.targets import LISTING, PAGE, Target
from services.collector.worker import Worker
from services.runtime.logs import get_log

log = get_log(__name__)

# How long to sleep when nothing is due: new targets wake it, a changed clock doesn't.
_LONGEST_NAP_S = 1.0
_FORGET_EVERY_S = 86_400.0
# Listings come first, so that no news is missed; every so many turns pages do, so that many listings don't starve them.
_PAGES_FIRST_EVERY = 4


@dataclass
class Crawler:
    """Runs targets."""

    sources: Mapping[str, Source]
    state: State
    worker: Worker
    now: Callable[[], float]
    arrived: asyncio.Event
    """Set when something may have been put into the outbox."""
    concurrency: int
    outbox_max: int
    lease_s: float
    _running: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _at_host: Counter[str] = field(default_factory=Counter)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: Iterator[int] = field(default_factory=lambda: count(1))
    _forgot_at: float = 0.0
    _broken: BaseException | None = None

    async def run(self, stop: asyncio.Event, horizon_s: float | None = None) -> None:
        """Collects until stop is set; with a horizon only until nothing more is due within so many seconds.

        A journey that has begun is finished before this returns, unless it is cancelled.
        """
        await self.state(targets.synchronise, list(self.sources.values()), self.now())
        try:
            while not stop.is_set():
                if self._broken:
                    raise self._broken
                self._changed.clear()
                started = await self._start_due()
                due_at = await self.state(targets.next_due_at)
                if not self._running and not started and not self._is_due_by(due_at, horizon_s):
                    return
                if not started:
                    await self._nap(stop, due_at)
            if self._running:
                await asyncio.wait(self._running.values())
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _is_due_by(self, due_at: float | None, horizon_s: float | None) -> bool:
        return horizon_s is None or (due_at is not None and due_at <= self.now() + horizon_s)

    async def _start_due(self) -> int:
        """Starts what there is room for; how many."""
        await self._forget()
        room = self.concurrency - len(self._running)
        if room <= 0 or await self.state(outbox.waiting) >= self.outbox_max:
            return 0
        busy = [host for host, running in self._at_host.items() if running >= self._allowed(host)]
        first = LISTING if next(self._turns) % _PAGES_FIRST_EVERY else PAGE
        claimed = await self.state(targets.claim, self.now(), self.lease_s, busy, room, first)
        fresh = [target for target in claimed if target.key not in self._running and target.source in self.sources]
        for target in fresh:
            self._start(target)
        return len(fresh)

    def _allowed(self, host: str) -> int:
        return max((source.concurrency for source in self.sources.values() if source.covers(f"http://{host}/")), default=1)

    def _start(self, target: Target) -> None:
        task = asyncio.create_task(self.worker.collect(target), name=f"collect {target.place}")
        self._running[target.key] = task
        self._at_host[target.host] += 1
        task.add_done_callback(lambda done: self._ended(target, done))

    def _ended(self, target: Target, task: "asyncio.Task[None]") -> None:
        del self._running[target.key]
        self._at_host[target.host] -= 1
        if not self._at_host[target.host]:
            del self._at_host[target.host]
        self._changed.set()
        self.arrived.set()
        if not task.cancelled() and (error := task.exception()):
            self._broken = error

    async def _nap(self, stop: asyncio.Event, due_at: float | None) -> None:
        """Until something ended, is due, or we are to stop."""
        wait = _LONGEST_NAP_S if due_at is None else min(max(due_at - self.now(), 0.005), _LONGEST_NAP_S)
        waiting = [asyncio.ensure_future(self._changed.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _forget(self) -> None:
        if self.now() - self._forgot_at > _FORGET_EVERY_S:
            self._forgot_at = self.now()
            if forgotten := await self.state(targets.forget, self.now()):
                log.info("forgotten", targets=forgotten)
