"""The gateway as a process of its own, to be killed and started again, and a client that doesn't give up."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from tests.support.command import ROOT
from tests.support.gateway import HEADERS

_READY_DEADLINE_S = 60.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class GatewayProcess:
    """A gateway on a port that stays the same over all its lives."""

    bootstrap_servers: str
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it, and returns when it takes articles."""
        ours = {"GATEWAY_PORT": str(self.port), "GATEWAY_HEALTH_PORT": "0", "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}
        own = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "GATEWAY_"))}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.gateway",
            cwd=ROOT,
            env={**own, "LOG_LEVEL": "ERROR", **ours, **self.settings},
        )
        async with asyncio.timeout(_READY_DEADLINE_S), httpx.AsyncClient() as client:
            while not await self._is_ready(client):
                assert self.process.returncode is None, f"the gateway ended with {self.process.returncode}"
                await asyncio.sleep(0.05)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await client.get(f"{self.url}/readyz")).status_code == 200
        return False

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends it a signal and waits for its end; its exit status."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 40)


@dataclass
class Scraper:
    """Pushes an article again and again until it is answered for good, as a scraper should."""

    url: str
    answered: dict[str, str] = field(default_factory=dict)
    """Digest of what was answered 202, with the article's id."""
    retries: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    slowest_refusal_s: float = 0.0

    async def push(self, client: httpx.AsyncClient, article: dict[str, Any]) -> dict[str, Any]:
        """The answer, when it is 202."""
        body = orjson.dumps(article)
        while True:
            began = asyncio.get_running_loop().time()
            try:
                answer = await client.post(f"{self.url}/v1/articles", content=body, headers=HEADERS)
            except httpx.TransportError:
                await self._wait()
                continue
            if answer.status_code == 202:
                found: dict[str, Any] = answer.json()
                self.statuses[found["status"]] = self.statuses.get(found["status"], 0) + 1
                return found
            assert answer.status_code == 503, answer.text
            self.slowest_refusal_s = max(self.slowest_refusal_s, asyncio.get_running_loop().time() - began)
            await self._wait()

    async def _wait(self) -> None:
        self.retries += 1
        await asyncio.sleep(0.1)
