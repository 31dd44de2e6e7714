"""The observed pass-through worker as a child of a benchmark."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from benchmarks.broker import BenchBroker, RanTooLong

_STOP_S = 60.0


@dataclass
class WorkerProcess:
    """A running worker."""

    process: asyncio.subprocess.Process
    group: str
    said: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def goes_on(self) -> bool:
        """Whether it still runs."""
        return self.process.returncode is None

    async def hears(self, event: str, deadline_s: float) -> dict[str, Any]:
        """The first line of that name, from now on.

        Raises:
            RanTooLong: it doesn't come, or the worker ended.
        """
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(deadline_s):
                while line := await self.process.stdout.readline():
                    self.said.append(orjson.loads(line))
                    if self.said[-1]["event"] == event:
                        return self.said[-1]
        except TimeoutError:
            raise RanTooLong(f"the worker was not {event} within {deadline_s:.0f} s") from None
        raise RanTooLong(f"the worker ended before it was {event}")

    async def stop(self) -> dict[str, Any]:
        """Ends it in good order; its last line."""
        self.process.send_signal(signal.SIGTERM)
        last = await self.hears("stopped", _STOP_S)
        await self.process.wait()
        return last


@contextlib.asynccontextmanager
async def observed_worker(
    broker: BenchBroker, group: str, *options: str, settings: dict[str, Any] | None = None
) -> AsyncIterator[WorkerProcess]:
    """The worker with the product's settings but for those; killed when the block ends and it still runs."""
    command = (sys.executable, "-m", "benchmarks.observed_worker", broker.bootstrap_servers, group, *options)
    changed = ("--settings", orjson.dumps(settings or {}).decode())
    process = await asyncio.create_subprocess_exec(*command, *changed, stdout=asyncio.subprocess.PIPE)
    try:
        yield WorkerProcess(process, group)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
