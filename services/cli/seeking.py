"""Moves a consumer group that nobody is in."""

from collections.abc import Mapping

from aiokafka import TopicPartition

from schemas.topics import NEWS_RAW
from services.cli.connection import Connection
from services.cli.consumer_groups import commit_offsets
from services.cli.errors import WrongUse
from services.cli.positions import Position, offsets_at
from services.cli.reading import open_reader
from services.cli.transactions import open_transactions
from services.runtime.sink import transactional_id


async def targets(connection: Connection, position: Position, partition: int | None) -> dict[TopicPartition, int]:
    """The offset of each partition of news.raw, or of the one, at that position."""
    count = await connection.partitions(NEWS_RAW)
    if partition is not None and partition >= count:
        raise WrongUse(f"{NEWS_RAW.name} has no partition {partition}")
    async with open_reader(connection, [NEWS_RAW]) as consumer:
        found = await offsets_at(consumer, position)
    return {each: offset for each, offset in found.items() if partition in (None, each.partition)}


async def move(connection: Connection, group: str, offsets: Mapping[TopicPartition, int]) -> None:
    """Commits the offsets.

    A worker that lost its membership, but not its life, might still commit a transaction with offsets of its own: starting
    each partition's producer anew forbids it that.

    Raises:
        CouldNot: the group has a member again.
    """
    for partition in offsets:
        async with open_transactions(connection, transactional_id(group, partition)):
            pass
    await commit_offsets(connection, group, offsets)
