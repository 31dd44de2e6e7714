"""The trends service as a process of its own, to be killed and started again, with its folder or without."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.command import ROOT
from tests.support.gateway_process import free_port

GROUP = "trends"

_READY_DEADLINE_S = 120.0
_STOP_DEADLINE_S = 45.0
_LOOK_EVERY_S = 0.05
_OURS = ("KAFKA_", "TRENDS_", "NEWSLOOM_")


class NotReady(Exception):
    """A worker ended, or doesn't become ready."""


@dataclass
class TrendsWorker:
    """One worker; its folder and its ports stay the same over all its lives."""

    number: int
    bootstrap_servers: str
    folder: Path
    settings: Mapping[str, str]
    health_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    started_at: float = 0.0
    is_wanted: bool = False
    """Whether nobody has ended it."""

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.returncode is None

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def log(self) -> Path:
        """What it wrote over all its lives."""
        return self.folder.parent / f"{self.folder.name}.log"

    async def start(self) -> None:
        """Starts the process; doesn't wait."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        ours = {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "TRENDS_GROUP": GROUP,
            "TRENDS_DATA_DIR": str(self.folder),
            "TRENDS_HEALTH_PORT": str(self.health_port),
            "TRENDS_WEB_PORT": str(self.web_port),
            "LOG_FORMAT": "json",
        }
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.trends", cwd=ROOT, env={**own, **ours, **self.settings}, stdout=log, stderr=log
            )
        self.started_at, self.is_wanted = time.monotonic(), True

    async def ready(self) -> float:
        """Waits until it takes records; seconds since its start. Raises NotReady."""
        async with httpx.AsyncClient() as client:
            while time.monotonic() < self.started_at + _READY_DEADLINE_S:
                if not self.is_alive:
                    raise NotReady(f"worker {self.number} ended by itself: {self.last_words}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.health_port}/readyz")).status_code == 200:
                        return time.monotonic() - self.started_at
                await asyncio.sleep(_LOOK_EVERY_S)
        raise NotReady(f"worker {self.number} isn't ready after {_READY_DEADLINE_S:g} s: {self.last_words}")

    async def kill(self, *, with_folder: bool = False) -> None:
        """kill -9; returns when the process is gone, and its folder too when that is wanted."""
        assert self.process is not None
        self.is_wanted = False
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        if with_folder:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def stop(self) -> int:
        """SIGTERM; its exit code once it has ended."""
        assert self.process is not None
        self.is_wanted = False
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), _STOP_DEADLINE_S)

    @property
    def last_words(self) -> str:
        """The end of its log."""
        with contextlib.suppress(FileNotFoundError):
            return self.log.read_text("utf-8", errors="replace")[-2_000:]
        return ""


@dataclass
class TrendsWorkers:
    """All workers of a run."""

    bootstrap_servers: str
    folder: Path
    settings: Mapping[str, str]
    all: list[TrendsWorker] = field(default_factory=list)

    async def start(self) -> TrendsWorker:
        """One more."""
        number = len(self.all) + 1
        worker = TrendsWorker(number, self.bootstrap_servers, self.folder / f"worker-{number}", self.settings)
        self.all.append(worker)
        shutil.rmtree(worker.folder, ignore_errors=True)  # another run's, which had another broker
        await worker.start()
        return worker

    async def watch(self) -> None:
        """Raises NotReady when one ends by itself; else goes on for ever."""
        while True:
            for worker in self.all:
                if worker.is_wanted and not worker.is_alive:
                    raise NotReady(f"worker {worker.number} ended by itself: {worker.last_words}")
            await asyncio.sleep(_LOOK_EVERY_S)


@contextlib.asynccontextmanager
async def open_workers(bootstrap_servers: str, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[TrendsWorkers]:
    """No workers yet; all that were started are gone after the block."""
    workers = TrendsWorkers(bootstrap_servers, folder, settings)
    try:
        yield workers
    finally:
        for worker in workers.all:
            if worker.is_alive:
                await worker.kill()
