"""The enricher as a child of a benchmark."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.broker import BenchBroker

_STOP_S = 60.0


@dataclass
class EnricherProcess:
    """A running enricher."""

    process: asyncio.subprocess.Process
    group: str
    seen: dict[str, Any]
    """What an observed one said at its end; empty before."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def goes_on(self) -> bool:
        """Whether it still runs."""
        return self.process.returncode is None


@contextlib.asynccontextmanager
async def observed_enricher(broker: BenchBroker, group: str) -> AsyncIterator[EnricherProcess]:
    """The enricher with its observers; `seen` is filled in when the block has ended."""
    command = ("-m", "benchmarks.observed_enricher", broker.bootstrap_servers, group)
    async with _running(command, group, {}) as enricher:
        yield enricher


@contextlib.asynccontextmanager
async def plain_enricher(
    broker: BenchBroker, group: str, disabled_stages: tuple[str, ...] = ()
) -> AsyncIterator[EnricherProcess]:
    """The enricher as it runs in production."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "ENRICHER_GROUP": group,
        "ENRICHER_HEALTH_PORT": "0",
        "ENRICHER_DISABLED_STAGES": orjson.dumps(disabled_stages).decode(),
        "LOG_LEVEL": "WARNING",
    }
    async with _running(("-m", "services.enricher"), group, environment) as enricher:
        yield enricher


@contextlib.asynccontextmanager
async def _running(command: tuple[str, ...], group: str, environment: Mapping[str, str]) -> AsyncIterator[EnricherProcess]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, **environment}
    )
    enricher = EnricherProcess(process, group, {})
    try:
        yield enricher
    finally:
        said = await _stopped(process)
        enricher.seen.update(orjson.loads(said) if said.strip() else {})


async def _stopped(process: asyncio.subprocess.Process) -> bytes:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _STOP_S)
    except TimeoutError:
        process.kill()
        said, _ = await process.communicate()
    return said
