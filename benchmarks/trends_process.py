"""The trends service as a child of a benchmark, on one data folder over several lives."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from benchmarks.broker import BenchBroker, RanTooLong

GROUP = "trends"

_STOP_S = 60.0
_LOOK_EVERY_S = 0.05


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class TrendsProcess:
    """A service that can be killed and started again."""

    broker: BenchBroker
    folder: Path
    health_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    started_at: float = 0.0

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None, "start first"
        return self.process.pid

    def goes_on(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Starts it; doesn't wait."""
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
            "TRENDS_GROUP": GROUP,
            "TRENDS_DATA_DIR": str(self.folder),
            "TRENDS_HEALTH_PORT": str(self.health_port),
            "TRENDS_WEB_PORT": str(self.web_port),
            "TRENDS_FLUSH_INTERVAL_S": "1",
            "LOG_LEVEL": "WARNING",
        }
        self.started_at = time.monotonic()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.trends", env={**os.environ, **environment}
        )

    async def until_ready(self, deadline_s: float) -> float:
        """Seconds from its start until it takes records; raises RanTooLong."""
        return await self._until(lambda: _status(f"http://127.0.0.1:{self.health_port}/readyz") == 200, deadline_s)

    async def until_whole(self, deadline_s: float) -> float:
        """Seconds from its start until its API can rank every key; raises RanTooLong."""
        return await self._until(self._is_whole, deadline_s)

    async def kill(self) -> None:
        """kill -9; returns when it is gone."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM, and kill -9 when that takes too long."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_S)
        except TimeoutError:
            await self.kill()

    def _is_whole(self) -> bool:
        url = f"http://127.0.0.1:{self.web_port}/trends?window=7d"
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=5) as answer:
            return not orjson.loads(answer.read())["partial"]
        return False

    async def _until(self, is_so: Callable[[], bool], deadline_s: float) -> float:
        while not await asyncio.to_thread(is_so):
            if not self.goes_on() or time.monotonic() > self.started_at + deadline_s:
                raise RanTooLong(f"the trends service isn't ready after {time.monotonic() - self.started_at:.0f} s")
            await asyncio.sleep(_LOOK_EVERY_S)
        return time.monotonic() - self.started_at


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextlib.asynccontextmanager
async def trends_process(broker: BenchBroker, folder: Path) -> AsyncIterator[TrendsProcess]:
    """Not started yet; gone after the block."""
    trends = TrendsProcess(broker, folder)
    try:
        yield trends
    finally:
        await trends.stop()
