"""The broker's configuration as text: server.properties and the log4j2 file (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"  # Never another interface: the broker has no authentication.
STORAGE = "storage"  # Relative: the broker runs in the data folder, so no path has to survive Java's property syntax.
SERVER_LOG = "server.log"
MAX_MESSAGE_BYTES = 20 * 1024 * 1024  # A 16 MiB record and room for its headers and batch.
_SEGMENT_BYTES = 128 * 1024 * 1024  # Kafka's 1 GiB would keep expired records of small topics for good.
_INDEX_BYTES = 1024 * 1024  # Preallocated twice per segment; 1 MiB indexes 512 MiB of log. Kafka's default is 10 MiB.
_CLEANER_BUFFER_BYTES = 16 * 1024 * 1024  # Kafka's 128 MiB is taken from the heap at start; 16 MiB hold 700 000 keys.


@dataclass(frozen=True, slots=True)
class Ports:
    """The two TCP ports of one node."""

    broker: int
    controller: int


@dataclass(frozen=True, slots=True)
class Node:
    """One broker that is its own controller."""

    ports: Ports
    extra: Mapping[str, str] = field(default_factory=dict)  # a user's broker properties; they win over ours
    node_id: int = 1


def server_properties(node: Node) -> dict[str, str]:
    """Every property of the node, the user's last word included."""
    return {**_identity(node), **_LIMITS, **_SINGLE_NODE, **_SMALL, **node.extra}


def properties_text(properties: Mapping[str, str]) -> str:
    """A Java properties file; ASCII only, because Java reads these files as Latin-1."""
    return "".join(f"{_escape(name)}={_escape(value)}\n" for name, value in properties.items())


def parse_properties(text: str) -> dict[str, str]:
    """The names and values of a file that `properties_text` wrote (escapes are left as they are)."""
    pairs = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def log4j2_text() -> str:
    """A log4j2 configuration that writes one bounded file in the working folder and nothing to the console."""
    return _LOG4J2


def _identity(node: Node) -> dict[str, str]:
    controller = f"{HOST}:{node.ports.controller}"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.bootstrap.servers": controller,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{node.ports.broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{node.ports.broker},CONTROLLER://{controller}",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": STORAGE,
    }


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    utf16 = text.encode("utf-16-be", "surrogatepass")
    units = (int.from_bytes(utf16[i : i + 2], "big") for i in range(0, len(utf16), 2))
    return "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for unit in units)


_LIMITS = {
    "message.max.bytes": str(MAX_MESSAGE_BYTES),
    "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
    "auto.create.topics.enable": "false",  # A misspelt topic must fail, not appear.
    "log.segment.bytes": str(_SEGMENT_BYTES),
    "log.index.size.max.bytes": str(_INDEX_BYTES),
}
_SINGLE_NODE = {
    "num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "2",
    "group.initial.rebalance.delay.ms": "0",  # The default waits 3 s for more members at every first join.
}
_SMALL = {
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(_CLEANER_BUFFER_BYTES),
}
_LOG4J2 = f"""\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {SERVER_LOG}
appender.file.filePattern = {SERVER_LOG}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{{ISO8601}}] %p %m (%c)%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
