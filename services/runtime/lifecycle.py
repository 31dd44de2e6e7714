"""Starting, draining and stopping a process: signals, a deadline, and a watch on the event loop."""

import asyncio
import contextlib
import gc
import signal
import time
from collections.abc import AsyncIterator, Iterator

from prometheus_client import Histogram

_WATCH_INTERVAL_S = 0.05


@contextlib.contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; the second signal of a kind acts as if we hadn't asked."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def asked(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def keep_what_is_loaded() -> None:
    """Takes all that is in memory now out of garbage collection, for good: call it once, when everything is loaded.

    A full collection walks modules and models with the GIL held, and the event loop waits: 61 ms with the enricher's
    models, and that again each time (benchmarks/README.md). What is made later is collected as ever.
    """
    gc.collect()
    gc.freeze()


class LoopWatch:
    """Measures how late the event loop wakes up, and when it last did; readable from any thread."""

    def __init__(self, lag_seconds: Histogram | None = None) -> None:
        self.turned_at = time.monotonic()
        self.lags_s: list[float] | None = None
        self._lag_seconds = lag_seconds

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["LoopWatch"]:
        """Watches until the block ends."""
        task = asyncio.create_task(self._watch(), name="loop-watch")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_WATCH_INTERVAL_S)
            self.turned_at = time.monotonic()
            lag = max(0.0, self.turned_at - before - _WATCH_INTERVAL_S)
            if self._lag_seconds is not None:
                self._lag_seconds.observe(lag)
            if self.lags_s is not None:
                self.lags_s.append(lag)


class Backoff:
    """Waits longer after each failure in a row, capped, with jitter, so that many workers don't knock together."""

    def __init__(self, first_s: float = 0.1, cap_s: float = 10.0) -> None:
        self._first_s, self._cap_s, self._failures = first_s, cap_s, 0

    def reset(self) -> None:
        """The last try went well."""
        self._failures = 0

    def next_s(self) -> float:
        """How long to wait now, in seconds."""
        self._failures += 1
        ceiling = min(self._cap_s, self._first_s * 2.0 ** min(self._failures, 30))
        # Jitter from the clock's own noise: half to the whole of the ceiling.
        return ceiling * (0.5 + (time.monotonic_ns() % 1_000) / 2_000)

    async def wait(self) -> None:
        """Waits that long."""
        await asyncio.sleep(self.next_s())
