"""Starts one Kafka node in a data folder: configuration, format, ports, readiness."""

import base64
import contextlib
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.local_kafka import server_log
from services.runtime.local_kafka.child import Child, Surroundings
from services.runtime.local_kafka.errors import BrokerFailed, DataFolderInUse, PortTaken
from services.runtime.local_kafka.folder import DataFolder, explained, require_space
from services.runtime.local_kafka.java import Java
from services.runtime.local_kafka.ports import choose_ports, previous_ports
from services.runtime.local_kafka.properties import (
    HOST,
    SERVER_LOG,
    STORAGE,
    Node,
    Ports,
    log4j2_text,
    properties_text,
    server_properties,
)

_PROPERTIES = "server.properties"
_LOG4J2 = "log4j2.properties"
_CONSOLE = "console.log"
_FORMATTING = ".formatting"
_PORT_TRIES = 5
_LOOK_EVERY_S = 0.05


ChoosePorts = Callable[[int | None, Ports | None], Ports]  # Takes the wanted broker port and the last time's ports.


class Abandoned(Exception):
    """The start was called off by whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a start needs to know."""

    folder: DataFolder
    java: Java
    classpath: str
    port: int | None  # None: any free one
    heap_mib: int
    is_quick: bool
    deadline_s: float
    grace_s: float
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The data folder's path."""
        return self.folder.path


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that was ready."""

    child: Child
    bootstrap_servers: str


def start_broker(plan: Plan, abandon: threading.Event, choose: ChoosePorts = choose_ports) -> Broker:
    """Formats the folder when it is new and returns the ready broker; raises a LocalKafkaError, or Abandoned."""
    deadline = time.monotonic() + plan.deadline_s
    ports: Ports | None = previous_ports(plan.path / _PROPERTIES)
    for is_last in [False] * (_PORT_TRIES - 1) + [True]:
        chosen = choose(plan.port, ports)
        with explained(f"the data folder {plan.path}"):
            require_space(plan.path)
            _write_configuration(plan, chosen)
            _format_once(plan, deadline, abandon)
        try:
            return _launch(plan, chosen, deadline, abandon)
        except PortTaken:
            if is_last or plan.port is not None:
                raise
            ports = None
    raise AssertionError("the last try returns or raises")


def _write_configuration(plan: Plan, ports: Ports) -> None:
    properties = server_properties(Node(ports, plan.extra))
    (plan.path / _PROPERTIES).write_text(properties_text(properties), "ascii")
    (plan.path / _LOG4J2).write_text(log4j2_text(), "ascii")
    (plan.path / _CONSOLE).write_bytes(b"")
    with contextlib.suppress(FileNotFoundError):
        (plan.path / SERVER_LOG).replace(plan.path / f"{SERVER_LOG}.previous")


def _format_once(plan: Plan, deadline: float, abandon: threading.Event) -> None:
    """Gives a new folder its cluster id; one that has one keeps it, and its records."""
    storage, formatting = plan.path / STORAGE, plan.path / _FORMATTING
    if formatting.exists():  # A format was cut short: no broker has run on it yet, so there is nothing to lose.
        shutil.rmtree(storage, ignore_errors=True)
    elif (storage / "meta.properties").exists():
        return
    formatting.touch()
    tool = ("kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", _PROPERTIES, "--standalone")
    child = _run(plan, tool)
    try:
        while (status := child.status()) is None:
            _pause(plan, deadline, abandon)
    finally:
        child.stop()
    if status != 0:
        raise _failure(plan, "Kafka could not format its folder")
    formatting.unlink()


def _launch(plan: Plan, ports: Ports, deadline: float, abandon: threading.Event) -> Broker:
    child = _run(plan, ("kafka.Kafka", _PROPERTIES))
    try:
        while not server_log.is_ready(_read(plan.path / SERVER_LOG)):
            if child.status() is not None:
                raise _failure(plan, "Kafka did not start")
            _pause(plan, deadline, abandon)
    except BaseException:
        child.stop()
        raise
    return Broker(child, f"{HOST}:{ports.broker}")


def _run(plan: Plan, main: Sequence[str]) -> Child:
    around = Surroundings(
        cwd=plan.path,
        console=plan.path / _CONSOLE,
        grace_s=plan.grace_s,
        remove=plan.path if plan.folder.is_throw_away else None,
        lock=plan.folder.lock,
    )
    return Child([str(plan.java.executable), *_jvm_options(plan), "-cp", plan.classpath, *main], around)


def _jvm_options(plan: Plan) -> list[str]:
    return [
        f"-Xmx{plan.heap_mib}m",
        "-XX:+UseSerialGC",  # One collector thread: this broker shares a small machine with everything else.
        *(["-XX:TieredStopAtLevel=1"] if plan.is_quick else []),
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={_LOG4J2}",
        "-Dlog4j2.disableJmx=true",
        "-Dlog4j2.shutdownHookEnabled=false",  # It would silence the log before the broker has told how it stopped.
    ]


def _pause(plan: Plan, deadline: float, abandon: threading.Event) -> None:
    if abandon.wait(_LOOK_EVERY_S):
        raise Abandoned
    if time.monotonic() > deadline:
        raise _failure(plan, f"Kafka was not ready within {plan.deadline_s:g} s")


def _failure(plan: Plan, what: str) -> Exception:
    log, console = _read(plan.path / SERVER_LOG), _read(plan.path / _CONSOLE)
    line = server_log.decisive_line(log, console)
    if server_log.is_folder_in_use(log):
        return DataFolderInUse(f"the data folder {plan.path} is in use by another running broker: {line}")
    kind = PortTaken if server_log.is_port_taken(log) else BrokerFailed
    return kind(f"{what}: {line}" if plan.folder.is_throw_away else f"{what}: {line} (more in {plan.path})")


def new_cluster_id() -> str:
    """A random id as Kafka writes them: 16 bytes in URL-safe base64."""
    # A leading "-" would be taken for an option.
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=").replace("-", "A", 1)


def _read(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text("utf-8", errors="replace")
    return ""
