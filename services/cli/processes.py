"""A service as a child process: started, watched, ended; it can't outlive us (see services/runtime/local_kafka/supervisor.py)."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from services.cli.errors import CouldNot
from services.cli.service_table import Service
from services.runtime.local_kafka.child import Child, Surroundings
from services.runtime.settings import KafkaSettings

HOST = "127.0.0.1"

# Above the workers' own deadline for stopping (StreamSettings.stop_deadline_s and what closing the clients may take).
_GRACE_S = 40.0
_LOG_TAIL_BYTES = 8_192
_MAX_LOG_BYTES = 50_000_000


class Process:
    """One run of a service."""

    def __init__(
        self, service: Service, kafka: KafkaSettings, logs: Path, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Only remembers what it is told; its output goes to `<logs>/<name>.log`."""
        self._environment = environment
        self.service = service
        self.log = logs / f"{service.name}.log"
        self.health_port = open_port(service.health_port_variable)
        self._kafka = kafka
        self._child: Child | None = None
        self._log_begins = 0

    async def start(self) -> None:
        """Starts it, without waiting until it is ready; raises CouldNot when the system refuses."""
        try:
            self._log_begins = _make_room(self.log)
            self._child = await asyncio.to_thread(self._spawn)
        except OSError as error:
            raise CouldNot(f"can't start {self.service.name}, logging to {self.log}: {error.strerror or error}") from error

    @property
    def status(self) -> int | None:
        """Its exit status (128 + the signal's number when a signal ended it), None while it runs."""
        return self._child.status() if self._child is not None else None

    async def stop(self) -> None:
        """Asks it to drain and end, and ends it at the deadline; twice does nothing."""
        child, self._child = self._child, None
        if child is not None:
            await asyncio.shield(asyncio.to_thread(child.stop))

    def last_lines(self, count: int) -> list[str]:
        """The end of what it logged in this run."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(max(self._log_begins, self.log.stat().st_size - _LOG_TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
            return [line for line in lines if line.strip()][-count:]
        return []

    def _spawn(self) -> Child:
        # -P: no module in the folder that we happen to be in may take the place of ours.
        command = [sys.executable, "-P", "-m", self.service.module]
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap_servers or "",
            "KAFKA_SECURITY_PROTOCOL": self._kafka.security_protocol,
            self.service.health_port_variable: str(self.health_port),
            **self._environment,
            "PYTHONPATH": _python_path(os.environ),
        }
        return Child(command, Surroundings(cwd=Path.cwd(), console=self.log, grace_s=_GRACE_S, environment=environment))


def open_port(variable: str, usual: int = 0) -> int:
    """The port that a variable names, else the usual one where it is free, else any that is."""
    given = os.environ.get(variable, "")
    if given.isdigit() and int(given):
        return int(given)
    for port in (usual, 0):
        with contextlib.suppress(OSError), socket.socket() as found:
            found.bind((HOST, port))
            return int(found.getsockname()[1])
    raise CouldNot(f"no port is free at {HOST}")


def _python_path(environ: Mapping[str, str]) -> str:
    """Where this very code was imported from first, so that a checkout's services run without being installed."""
    root = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([root, *filter(None, [environ.get("PYTHONPATH")])])


def _make_room(log: Path) -> int:
    """Makes the log's folder, puts a long log aside, and returns where in it the next line goes, in bytes."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.previous"))
    return log.stat().st_size if log.exists() else 0
