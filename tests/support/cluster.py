"""One or three brokers of Apache Kafka whose processes a test may kill, pause and start again, behind proxies of our own.

Three brokers are controllers too; a single one has a controller in a process of its own. Clients under test reach a broker
through its proxy; the test itself, which must see what is so while the proxies misbehave, by a listener of its own.
Everything is throw-away, also when this process is killed.

Kafka 4.3.0 has a bug that a test must keep clear of (KAFKA-20734): of a transaction that ends while one of its partitions has no
leader, it skips that partition's marker, and later takes the records of an aborted transaction for committed ones. A single
broker that is also its controller comes to this at every restart: it works as leader before it is registered anew, and has no
leader for a moment once its old registration has run out. So a single broker is started only when the controller has given it
up, and none may be paused for longer than `BROKER_SESSION_S`.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.runtime.local_kafka import server_log
from services.runtime.local_kafka.cache import cache_folder
from services.runtime.local_kafka.child import Child, Surroundings
from services.runtime.local_kafka.jars import ensure_jars, kafka_version, locked_jars
from services.runtime.local_kafka.java import find_java
from services.runtime.local_kafka.jgo_fetch import fetch_jar
from services.runtime.local_kafka.properties import SERVER_LOG, log4j2_text, properties_text, server_properties
from services.runtime.local_kafka.properties import Node as NodeProperties
from services.runtime.local_kafka.properties import Ports as NodePorts
from services.runtime.local_kafka.server import new_cluster_id
from tests.support.kafka import FAST_PROPERTIES, Broker
from tests.support.proxy import HOST, Proxy

# Below the ports that systems give to outgoing connections: those of a dead broker must still be free when it comes back.
_PORTS = (20_000, 32_000)

_PROPERTIES, _LOG4J2, _CONSOLE = "server.properties", "log4j2.properties", "console.log"
_START_DEADLINE_S = 90.0
_START_TRIES = 3
_LOOK_EVERY_S = 0.05
_STOP_GRACE_S = 1.0

# The cluster notices so early that a broker is gone (Kafka: 9 s), and a killed one may come back then.
BROKER_SESSION_S = 4.0
_GIVEN_UP_S = 0.5

_CONTROLLER = 100

_QUICK_PROPERTIES: Mapping[str, str] = {
    "broker.session.timeout.ms": str(int(BROKER_SESSION_S * 1000)),
    "broker.heartbeat.interval.ms": "500",
    # A cluster that is killed all the time needs no long history.
    "metadata.log.max.record.bytes.between.snapshots": "1048576",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one node; the proxy's is what its clients are told."""

    direct: int
    clients: int
    controller: int


@dataclass(frozen=True, slots=True)
class Software:
    """What a node runs on."""

    java: str
    classpath: str
    version: str


class Node:
    """One process; its data outlive it, and it keeps its ports."""

    def __init__(self, number: int, folder: Path, software: Software, is_patient: bool = False) -> None:
        """One that is patient comes back only when the controller has given it up."""
        self.number, self.folder = number, folder
        self._software, self._is_patient = software, is_patient
        self._child: Child | None = None
        self._starts = 0
        self._killed_at = -BROKER_SESSION_S

    @property
    def is_running(self) -> bool:
        """Whether its process is there, paused or not."""
        return self._child is not None and self._child.status() is None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._child is not None and self._child.pid is not None, "start first"
        return self._child.pid

    async def start(self) -> None:
        """Returns when it is ready; raises RuntimeError with the decisive line of its log."""
        if self._is_patient:
            await asyncio.sleep(max(0.0, self._killed_at + BROKER_SESSION_S + _GIVEN_UP_S - time.monotonic()))
        for is_last in [False] * (_START_TRIES - 1) + [True]:
            try:
                return await self._start_once()
            except RuntimeError:
                if is_last:
                    raise

    async def kill(self) -> None:
        """kill -9; returns when the process is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self._killed_at = time.monotonic()
        while self.is_running:  # asked to stop before it sees this, the watcher would remove the folder
            await asyncio.sleep(_LOOK_EVERY_S)
        await self._collect()

    def pause(self) -> None:
        """Freezes the process."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def format(self, cluster_id: str) -> None:
        """Makes the folder that of a node of the cluster."""
        tool = self._command("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", _PROPERTIES)
        with (self.folder / _CONSOLE).open("wb") as console:
            process = await asyncio.create_subprocess_exec(*tool, cwd=self.folder, stdout=console, stderr=console)
        if await process.wait():
            raise RuntimeError(f"node {self.number} can't be formatted: {(self.folder / _CONSOLE).read_text()[-500:]}")

    async def close(self) -> None:
        """Ends the process in no good order: nothing is kept."""
        if self.is_running:
            await self.kill()
        await self._collect()

    async def _start_once(self) -> None:
        await self._collect()
        log = self.folder / SERVER_LOG
        with contextlib.suppress(FileNotFoundError):
            log.replace(self.folder / f"{SERVER_LOG}.start{self._starts}")
        self._starts += 1
        around = Surroundings(
            cwd=self.folder, console=self.folder / _CONSOLE, grace_s=_STOP_GRACE_S, remove=self.folder.parent, lock=None
        )
        self._child = await asyncio.to_thread(Child, self._command("kafka.Kafka", _PROPERTIES), around)
        deadline = time.monotonic() + _START_DEADLINE_S
        while not server_log.is_ready(text := _read(log)):
            if not self.is_running or time.monotonic() > deadline:
                raise RuntimeError(f"node {self.number}: {server_log.decisive_line(text, _read(self.folder / _CONSOLE))}")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _collect(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await asyncio.to_thread(child.stop)

    def _command(self, *main: str) -> list[str]:
        options = (
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # a node that is killed every minute never earns more compilation back
            f"-Dlog4j2.configurationFile={_LOG4J2}",
            "-Dlog4j2.disableJmx=true",
        )
        return [self._software.java, *options, "-cp", self._software.classpath, *main]


@dataclass(frozen=True)
class Cluster:
    """All brokers, started."""

    nodes: Sequence[Node]
    proxies: Sequence[Proxy]
    ports: Sequence[Ports]
    folder: Path
    """Where all that the run writes may lie: it is gone at the end, even when we are killed."""
    version: str

    @property
    def broker(self) -> Broker:
        """The way past the proxies."""
        return Broker(",".join(f"{HOST}:{each.direct}" for each in self.ports))

    @property
    def through_proxies(self) -> Broker:
        """The way that what is tested takes."""
        return Broker(",".join(f"{HOST}:{proxy.port}" for proxy in self.proxies))

    def node(self, number: int) -> Node:
        """The broker with this id."""
        return next(node for node in self.nodes if node.number == number)

    @property
    def skipped_markers(self) -> list[str]:
        """The lines in which brokers say that they skipped the markers of a transaction."""
        logs = [log for node in self.nodes for log in sorted(node.folder.glob(f"{SERVER_LOG}*"))]
        return [line for log in logs for line in _read(log).splitlines() if "transaction markers" in line and "skipped" in line]


@contextlib.asynccontextmanager
async def started_cluster(count: int = 1, properties: Mapping[str, str] | None = None) -> AsyncIterator[Cluster]:
    """So many brokers without topics until the block ends; with three, everything is on all and two must have it."""
    software = await asyncio.to_thread(_software)
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(_throw_away_folder())
        ports = _free_ports(count)
        proxies = [await stack.enter_async_context(Proxy(each.clients).running()) for each in ports]
        processes = [
            _laid_out(Node(number, folder / f"node-{number}", software, is_patient), {**own, **(properties or {})})
            for number, own, is_patient in _roles(ports, proxies)
        ]
        cluster_id = new_cluster_id()
        await asyncio.gather(*(node.format(cluster_id) for node in processes))
        try:
            await asyncio.gather(*(node.start() for node in processes))
            brokers = [node for node in processes if node.number != _CONTROLLER]
            yield Cluster(brokers, proxies, ports, folder, software.version)
        finally:
            await asyncio.gather(*(node.close() for node in processes))


def _roles(ports: Sequence[Ports], proxies: Sequence[Proxy]) -> Iterator[tuple[int, dict[str, str], bool]]:
    """Number, properties and patience of each process."""
    if len(ports) == 1:
        (only,), (proxy,) = ports, proxies
        voters = f"{_CONTROLLER}@{HOST}:{only.controller}"
        yield 1, {**_broker_properties(1, only, proxy, voters), "process.roles": "broker"}, True
        yield _CONTROLLER, _controller_properties(only, voters), False
        return
    voters = ",".join(f"{number}@{HOST}:{each.controller}" for number, each in enumerate(ports, start=1))
    for number, (own, proxy) in enumerate(zip(ports, proxies, strict=True), start=1):
        both = _broker_properties(number, own, proxy, voters, len(ports))
        both["listeners"] += f",CONTROLLER://{HOST}:{own.controller}"
        yield number, both, False


def _controller_properties(ports: Ports, voters: str) -> dict[str, str]:
    return {
        **_broker_properties(_CONTROLLER, ports, None, voters),
        "process.roles": "controller",
        "listeners": f"CONTROLLER://{HOST}:{ports.controller}",
    }


def _broker_properties(number: int, own: Ports, proxy: Proxy | None, voters: str, copies: int = 1) -> dict[str, str]:
    ours = {
        "controller.quorum.voters": voters,
        "listeners": f"DIRECT://{HOST}:{own.direct},CLIENTS://{HOST}:{own.clients}",
        "listener.security.protocol.map": "DIRECT:PLAINTEXT,CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "DIRECT",
        **{f"{topic}.replication.factor": str(copies) for topic in ("offsets.topic", "transaction.state.log")},
        "share.coordinator.state.topic.replication.factor": str(copies),
        "default.replication.factor": str(copies),
        **{name: str(min(2, copies)) for name in ("min.insync.replicas", "transaction.state.log.min.isr")},
        **_QUICK_PROPERTIES,
        **FAST_PROPERTIES,
    }
    properties = server_properties(NodeProperties(NodePorts(own.direct, own.controller), ours, number))
    del properties["controller.quorum.bootstrap.servers"]  # the voters are named, so there is nothing to find out
    del properties["advertised.listeners"]
    if proxy is None:
        del properties["inter.broker.listener.name"]
        return properties
    return {**properties, "advertised.listeners": f"DIRECT://{HOST}:{own.direct},CLIENTS://{HOST}:{proxy.port}"}


def _laid_out(node: Node, properties: Mapping[str, str]) -> Node:
    """The node, with what its process reads in its folder."""
    node.folder.mkdir()
    (node.folder / _PROPERTIES).write_text(properties_text(properties), "ascii")
    (node.folder / _LOG4J2).write_text(log4j2_text(), "ascii")
    return node


def _software() -> Software:
    jars = locked_jars()
    version = kafka_version(jars)
    files = ensure_jars(jars, cache_folder() / f"kafka-{version}", fetch_jar, lambda _done, _all: None)
    return Software(str(find_java().executable), os.pathsep.join(map(str, files)), version)


@contextlib.contextmanager
def _throw_away_folder() -> Iterator[Path]:
    """A folder that is gone at the end; a watcher removes it when we are killed while no node runs whose own watcher would."""
    folder = Path(tempfile.mkdtemp(prefix="newsloom-cluster-"))
    around = Surroundings(cwd=folder.parent, console=folder / _CONSOLE, grace_s=0.1, remove=folder, lock=None)
    watcher = Child([sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"], around)
    try:
        yield folder
    finally:
        watcher.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[Ports]:
    """Three for each node, all free now."""
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        while len(found) < 3 * count:
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            with contextlib.suppress(OSError):
                sock.bind((HOST, random.randint(*_PORTS)))
                found.append(sock.getsockname()[1])
        return [Ports(*found[at : at + 3]) for at in range(0, len(found), 3)]


def _read(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text("utf-8", errors="replace")
    return ""
