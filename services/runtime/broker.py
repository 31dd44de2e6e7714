"""Chooses the broker: the one that KAFKA_BOOTSTRAP_SERVERS names, else a local Kafka; always a real one, said in one line."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from services.runtime.errors import ConfigurationError
from services.runtime.local_kafka import LocalKafka
from services.runtime.local_kafka.ports import previous_ports
from services.runtime.local_kafka.properties import HOST
from services.runtime.settings import KafkaSettings
from services.runtime.topic_admin import BrokerAway, open_admin

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"

# A broker on the other side of the world answers its first request well within this; a wrong address never does.
_REACH_DEADLINE_S = 5.0

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that answered."""

    kafka: KafkaSettings
    """How to reach it: its address is set."""
    why: str
    """One line: which broker, and why this one."""
    is_running: Callable[[], bool] = lambda: True
    """Whether it still is there, as far as we would know: a broker that isn't ours always is."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, comma-separated."""
        assert self.kafka.bootstrap_servers is not None
        return self.kafka.bootstrap_servers


@contextlib.asynccontextmanager
async def given_or_local(
    kafka: KafkaSettings, data_dir: Path, announce: Announce, port: int | None = None
) -> AsyncIterator[Broker]:
    """The broker to run services on; a local one keeps its records in the folder and ends with the block.

    Raises:
        BrokerAway: KAFKA_BOOTSTRAP_SERVERS names a broker that doesn't answer.
        LocalKafkaError: the local Kafka can't run; the message says what to do.
    """
    if kafka.bootstrap_servers is not None:
        if port is not None:
            raise ConfigurationError(f"a port is for the local broker, and {VARIABLE} names another one: unset one of them")
        yield _announced(await _given(kafka), announce)
        return
    # Longer compilation pays for a broker that works all day.
    async with LocalKafka(data_dir, port=port, is_quick=False) as local:
        yield _announced(_describe(local, kafka, f"{VARIABLE} is not set"), announce)


@contextlib.asynccontextmanager
async def throw_away(kafka: KafkaSettings, announce: Announce) -> AsyncIterator[Broker]:
    """A local broker that leaves nothing behind, whatever KAFKA_BOOTSTRAP_SERVERS says.

    Raises:
        LocalKafkaError: the local Kafka can't run; the message says what to do.
    """
    reason = "a throw-away broker of our own"
    if kafka.bootstrap_servers is not None:
        reason += f"; {VARIABLE} is set and not used"
    async with LocalKafka() as local:
        yield _announced(_describe(local, kafka, reason), announce)


async def given_or_running(kafka: KafkaSettings, data_dir: Path) -> Broker:
    """The broker to talk to: the given one, else the local one that runs on the data folder; starts nothing.

    Raises:
        BrokerAway: it doesn't answer.
        ConfigurationError: none is given and none runs.
    """
    if kafka.bootstrap_servers is not None:
        return await _given(kafka)
    missing = f"no broker: set {VARIABLE} to host:port, or run `newsloom up` in another terminal for a local one"
    ports = previous_ports(data_dir / "server.properties")
    if ports is None:
        raise ConfigurationError(missing)
    local = _local_settings(kafka, f"{HOST}:{ports.broker}")
    try:
        await require_answer(local)
    except BrokerAway:
        raise ConfigurationError(f"{missing} (the last one was at {local.bootstrap_servers})") from None
    return Broker(local, f"broker: the local Apache Kafka on {local.bootstrap_servers} ({VARIABLE} is not set)")


async def require_answer(kafka: KafkaSettings, deadline_s: float = _REACH_DEADLINE_S) -> None:
    """Returns when a Kafka broker answers at the settings' address.

    Raises:
        BrokerAway: nobody does within the deadline, or what answers speaks another protocol.
    """
    servers = kafka.bootstrap_servers or ""
    try:
        async with asyncio.timeout(deadline_s):
            admin = await open_admin(servers, kafka)
    except TimeoutError:
        raise BrokerAway(f"no Kafka broker answers at {servers} within {deadline_s:g} s") from None
    await admin.close()


async def _given(kafka: KafkaSettings) -> Broker:
    servers = kafka.bootstrap_servers
    try:
        await require_answer(kafka)
    except (BrokerAway, ValueError) as error:  # aiokafka: ValueError for a list of servers that it can't read
        raise BrokerAway(f"no Kafka broker answers at {servers}: start it, or set {VARIABLE} to another host:port") from error
    return Broker(kafka, f"broker: {servers} (given by {VARIABLE})")


def _describe(local: LocalKafka, kafka: KafkaSettings, reason: str) -> Broker:
    settings = _local_settings(kafka, local.bootstrap_servers)
    return Broker(settings, f"broker: {local.description}: {reason}", lambda: local.is_running)


def _local_settings(kafka: KafkaSettings, servers: str) -> KafkaSettings:
    """The settings for a broker of our own, which has no security whatever the given one needs."""
    return kafka.model_copy(update={"bootstrap_servers": servers, "security_protocol": "PLAINTEXT"})


def _announced(broker: Broker, announce: Announce) -> Broker:
    announce(broker.why)
    return broker
