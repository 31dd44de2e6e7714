"""Signals, the loop watch and waiting after failures."""

import asyncio
import os
import signal
import time

import pytest

from services.runtime.lifecycle import Backoff, LoopWatch, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_sets_the_event(number: signal.Signals) -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stop.wait()


async def test_watch_sees_a_callback_that_blocks_the_loop() -> None:
    watch = LoopWatch()
    watch.lags_s = []
    async with watch.running():
        await asyncio.sleep(0)
        began = time.monotonic()
        while time.monotonic() - began < 0.2:
            pass
        async with asyncio.timeout(5):
            while not watch.lags_s:
                await asyncio.sleep(0.01)
    assert max(watch.lags_s) > 0.1


def test_backoff_grows_to_its_cap_and_starts_again() -> None:
    backoff = Backoff(first_s=0.1, cap_s=2.0)
    waits = [backoff.next_s() for _ in range(50)]
    assert 0.1 <= waits[0] <= 0.2
    assert all(1.0 <= wait <= 2.0 for wait in waits[6:])
    backoff.reset()
    assert backoff.next_s() <= 0.2
