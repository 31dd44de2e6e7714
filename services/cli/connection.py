"""The broker that a command talks to: the given one, else the local one of `newsloom up`."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from schemas.topics import PUBLIC_TOPICS, TOPICS, PublicTopic, Topic
from services.cli.errors import CouldNot, WrongUse
from services.cli.screen import note
from services.runtime.broker import Broker, given_or_running
from services.runtime.data_folder import data_folder
from services.runtime.settings import KafkaSettings, read_settings
from services.runtime.topic_admin import open_admin, partition_counts

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

BROKER_FOLDER = "kafka"


@dataclass(frozen=True, slots=True)
class Connection:
    """A broker that answers."""

    bootstrap_servers: str
    kafka: KafkaSettings
    admin: "AIOKafkaAdminClient"

    async def partitions(self, topic: Topic) -> int:
        """How many partitions the topic has; raises CouldNot when it doesn't exist."""
        found = (await partition_counts(self.admin)).get(topic.name)
        if not found:
            raise CouldNot(f"{self.bootstrap_servers} has no topic {topic.name}: run `newsloom topics apply`")
        return found

    async def cluster_id(self) -> str:
        """The name that the cluster gave itself when it was made."""
        return str((await self.admin.describe_cluster()).get("cluster_id") or "unnamed")


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    """A connection for the block; which broker it is, is said on standard error.

    Raises:
        BrokerAway: the broker doesn't answer.
        CouldNot: it answers and refuses what the block asks.
    """
    broker = await given_or_running(read_settings(KafkaSettings), data_folder() / BROKER_FOLDER)
    note(broker.why)
    async with connected_to(broker) as connection:
        yield connection


@contextlib.asynccontextmanager
async def connected_to(broker: Broker) -> AsyncIterator[Connection]:
    """A connection to this broker for the block; raises as `connected` does."""
    with named_errors(broker.bootstrap_servers):
        admin = await open_admin(broker.bootstrap_servers, broker.kafka)
        try:
            yield Connection(broker.bootstrap_servers, broker.kafka, admin)
        finally:
            await admin.close()


@contextlib.contextmanager
def named_errors(bootstrap_servers: str) -> Iterator[None]:
    """Turns what the Kafka client raises in the block into one line that names the broker."""
    try:
        yield
    except KafkaError as error:
        name, reason = type(error).__name__, str(error).removeprefix(f"{type(error).__name__}:").strip()
        raise CouldNot(
            f"the broker at {bootstrap_servers} went away or refused: {name}{f' ({reason})' if reason else ''}"
        ) from error


def topic_named(name: str) -> PublicTopic:
    """The topic of the list, one that anybody may read; raises WrongUse for another name."""
    if name in TOPICS and name not in PUBLIC_TOPICS:
        raise WrongUse(f"{name} is internal, without a contract ({TOPICS[name].contents})")
    try:
        return PUBLIC_TOPICS[name]
    except KeyError:
        raise WrongUse(f"there is no topic {name}: one of {', '.join(PUBLIC_TOPICS)}") from None
