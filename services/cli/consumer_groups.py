"""A consumer group as the broker has it: who is in it, and how far it is; offsets moved by the operator."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError, UnknownMemberIdError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import OffsetAndMetadata

from services.cli.connection import Connection
from services.cli.errors import CouldNot
from services.runtime.committed import committed_in

_COORDINATOR_TRIES, _COORDINATOR_WAIT_S = 50, 0.2

T = TypeVar("T")


async def committed_offsets(connection: Connection, group: str) -> dict[TopicPartition, int]:
    """The group's offsets; empty for a group that nobody knows."""
    return {partition: each.offset for partition, each in (await commits(connection, group)).items()}


async def commits(connection: Connection, group: str) -> dict[TopicPartition, OffsetAndMetadata]:
    """The group's offsets with what was remembered with them."""

    async def answered() -> dict[TopicPartition, OffsetAndMetadata]:
        # What the admin client's own method does, but for the error that it doesn't look at.
        coordinator = await connection.admin.find_coordinator(group)
        return committed_in(await connection.admin._send_request(OffsetFetchRequest(group, None), coordinator))

    found = await _patiently(connection, answered)
    return {partition: each for partition, each in found.items() if each.offset >= 0}


async def members(connection: Connection, group: str) -> int:
    """How many members the group has now, those that are just joining included."""

    async def described() -> int:
        (answer,) = await connection.admin.describe_consumer_groups([group])
        error_code, _, _, _, _, found, *_ = answer.groups[0]
        if error_code:
            raise for_code(error_code)
        return len(found)

    return await _patiently(connection, described)


async def _patiently(connection: Connection, ask: Callable[[], Awaitable[T]]) -> T:
    for _ in range(_COORDINATOR_TRIES):
        try:
            return await ask()
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError):
            # The first question about any group makes the broker create its topic of offsets, which takes a moment.
            await asyncio.sleep(_COORDINATOR_WAIT_S)
    raise CouldNot(f"the broker at {connection.bootstrap_servers} has no coordinator for consumer groups")


async def commit_offsets(connection: Connection, group: str, offsets: Mapping[TopicPartition, int]) -> None:
    """Moves the group; the broker itself refuses as long as it has a member.

    Raises:
        CouldNot: it has one.
    """
    async with _outsider(connection, group) as consumer:
        consumer.assign(list(offsets))
        try:
            await consumer.commit(dict(offsets))
        except UnknownMemberIdError as error:
            raise CouldNot(f"the group {group} has members: stop its workers first") from error


@contextlib.asynccontextmanager
async def _outsider(connection: Connection, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that speaks for the group without being in it."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=connection.bootstrap_servers,
        group_id=group,
        client_id="newsloom-operator",
        enable_auto_commit=False,
        **connection.kafka.client_options(),
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
