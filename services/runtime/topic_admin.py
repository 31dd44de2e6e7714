"""Creates the topics of the list and says how they differ from it; doing it twice changes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import NEWS_ENRICHED, NEWS_RAW, TOPICS, Topic
from services.runtime.errors import ConfigurationError, TransientError
from services.runtime.settings import KafkaSettings

# Copies of each record where there are that many brokers (aiokafka can't ask for the broker's own default).
_REPLICATION = 3

_SEEN_TRIES, _SEEN_INTERVAL_S = 100, 0.1


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic of the list as the broker has it; `partitions` is 0 when it doesn't exist."""

    topic: Topic
    partitions: int
    differences: tuple[str, ...] = ()
    """Settings that the broker has otherwise, e.g. "max.message.bytes is 1048588, not 12000000"."""


class BrokerAway(TransientError):
    """The broker doesn't answer."""


async def open_admin(bootstrap_servers: str, kafka: KafkaSettings) -> AIOKafkaAdminClient:
    """A started admin client; close it.

    Raises:
        BrokerAway: nobody answers at that address.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **kafka.client_options())
    try:
        await admin.start()
    except asyncio.CancelledError:
        await admin.close()
        raise
    except (KafkaError, OSError) as error:
        await admin.close()
        raise BrokerAway(f"no Kafka broker answers at {bootstrap_servers}: {error}") from error
    return admin


async def topic_states(admin: AIOKafkaAdminClient) -> tuple[TopicState, ...]:
    """Every topic of the list, with what the broker has of it."""
    known = await partition_counts(admin)
    configs = await _configs(admin, [name for name in TOPICS if name in known])
    return tuple(
        TopicState(topic, known.get(topic.name, 0), _differences(topic, configs.get(topic.name))) for topic in TOPICS.values()
    )


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings of topics that exist, as the broker has them."""
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found = {}
    for answer in answers:
        for error_code, _message, _type, name, entries in answer.resources:
            if not error_code:  # else it isn't ours to see
                found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _differences(topic: Topic, config: Mapping[str, str] | None) -> tuple[str, ...]:
    if config is None:
        return ()
    wanted = {name: (value, config.get(name, value)) for name, value in topic.config.items()}
    return tuple(
        f"{name} is {found}, not {value}"
        for name, (value, found) in wanted.items()
        if set(found.split(",")) != set(value.split(","))
    )


async def partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """How many partitions each topic of the broker has."""
    return {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics() if not found["error_code"]}


async def apply_topics(admin: AIOKafkaAdminClient) -> tuple[str, ...]:
    """Creates what is missing and returns the names of the topics that it created; existing ones keep their settings.

    Raises:
        ConfigurationError: input and output have different numbers of partitions, or a creation was refused.
    """
    states = await topic_states(admin)
    replication = min(_REPLICATION, len((await admin.describe_cluster())["brokers"]))
    raw_partitions = next(s.partitions for s in states if s.topic is NEWS_RAW) or NEWS_RAW.partitions
    created = []
    for state in states:
        wanted = raw_partitions if state.topic is NEWS_ENRICHED else state.topic.partitions
        if state.partitions == 0:
            await _create(admin, state.topic, wanted, replication)
            created.append(state.topic.name)
            await _until_seen(admin, state.topic)
        elif state.topic is NEWS_ENRICHED and state.partitions != raw_partitions:
            raise ConfigurationError(
                f"{NEWS_ENRICHED.name} has {state.partitions} partitions and {NEWS_RAW.name} has {raw_partitions}: "
                "they must be equal, and a topic with keys can't grow without changing which partition a key is on"
            )
    return tuple(created)


async def ensure_topic(admin: AIOKafkaAdminClient, topic: Topic) -> bool:
    """Creates a topic, which need not be one of the list, unless it is there; whether it was created.

    Raises:
        ConfigurationError: the broker refused.
    """
    if topic.name in await partition_counts(admin):
        return False
    replication = min(_REPLICATION, len((await admin.describe_cluster())["brokers"]))
    await _create(admin, topic, topic.partitions, replication)
    await _until_seen(admin, topic)
    return True


async def _until_seen(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    """A new topic takes a moment to reach every broker; until then a producer would be told that it doesn't exist."""
    for _ in range(_SEEN_TRIES):
        if topic.name in await partition_counts(admin):
            return
        await asyncio.sleep(_SEEN_INTERVAL_S)
    raise BrokerAway(f"the broker created {topic.name} and doesn't show it")


async def _create(admin: AIOKafkaAdminClient, topic: Topic, partitions: int, replication: int) -> None:
    new = NewTopic(topic.name, partitions, replication, topic_configs=dict(topic.config))
    try:
        answer = await admin.create_topics([new])
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise ConfigurationError(f"the broker refused to create {name}: {error.__name__}")
    except TopicAlreadyExistsError:
        pass
