"""Enriches a range of news.raw again, into a topic of its own; how far it came lives in a consumer group of its own.

Each batch of results and the group's offsets are one transaction, so it can be interrupted and run again. What was asked
for, and what "to the end" meant at the first start, is kept in the offsets' metadata.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from schemas.topics import NEWS_ENRICHED, NEWS_RAW, Topic
from services.cli.connection import Connection
from services.cli.consumer_groups import commits
from services.cli.errors import CouldNot, WrongUse
from services.cli.positions import END, Position, offsets_at
from services.cli.reading import Fetched, end_offsets, open_reader, read_until
from services.cli.transactions import Transactions
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION, Message, Record
from services.runtime.topic_admin import ensure_topic

_BATCH_RECORDS, _BATCH_BYTES = 32, 4_000_000

Origin = tuple[int, int]
"""Partition and offset on news.raw."""

Enrich = Callable[[Sequence[Record]], Sequence["Result"]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a record became: a message for the revision's topic, or none, and the word to count it by."""

    kind: str
    message: Message | None


@dataclass(frozen=True, slots=True)
class Request:
    """What the operator asked for; two that differ can't share a revision."""

    revision: str
    begin: str
    end: str
    stages: tuple[str, ...] = ()
    is_failed: bool = False

    @property
    def topic(self) -> Topic:
        """Where the results go, before it is known how many partitions it has."""
        return replace(NEWS_ENRICHED, name=f"{NEWS_ENRICHED.name}.{self.revision}")

    @property
    def name(self) -> str:
        """The group, and the name of the transactions."""
        return f"replay.{self.revision}"

    @property
    def source(self) -> Topic:
        """What is read: the articles as they came, or as they were published where only some stages run."""
        return NEWS_ENRICHED if self.stages else NEWS_RAW


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition; `end` is the one behind the last."""

    begin: int
    end: int


@dataclass(slots=True)
class Progress:
    """Where the replay is, partition by partition of what it reads, and the ranges of news.raw that it is about."""

    next_offsets: dict[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    raw: Mapping[int, Range]
    metadata: Mapping[TopicPartition, str]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return all(self.next_offsets[partition] >= end for partition, end in self.ends.items())

    def covers(self, origin: Origin) -> bool:
        """Whether that record of news.raw is in the range."""
        found = self.raw.get(origin[0])
        return found is not None and found.begin <= origin[1] < found.end


@dataclass(slots=True)
class Account:
    """What this run did."""

    records: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


async def prepare(
    connection: Connection, transactions: Transactions, request: Request, begin: Position, end: Position
) -> Progress:
    """Where to go on; at the first start the topic and the group's first offsets are made.

    Raises:
        WrongUse: the revision was begun with another request.
        CouldNot: its topic has records, and nobody remembers how far it was.
    """
    await ensure_topic(connection.admin, replace(request.topic, partitions=await connection.partitions(NEWS_ENRICHED)))
    known = await commits(connection, request.name)
    if not known:
        await _require_empty(connection, request)
        known = await _begin(connection, transactions, request, begin, end)
    kept = {partition: orjson.loads(each.metadata) for partition, each in known.items()}
    asked = next(each["request"] for each in kept.values())
    if asked != _described(request):
        raise WrongUse(f"the revision {request.revision} was begun with {_shown(asked)}: ask for the same, or name another")
    own = {partition: each for partition, each in known.items() if partition.topic == request.source.name}
    return Progress(
        next_offsets={partition: each.offset for partition, each in own.items()},
        ends={partition: kept[partition]["end"] for partition in own},
        raw={p.partition: Range(each["begin"], each["end"]) for p, each in kept.items() if p.topic == NEWS_RAW.name},
        metadata={partition: each.metadata for partition, each in own.items()},
    )


async def _require_empty(connection: Connection, request: Request) -> None:
    async with open_reader(connection, [request.topic]) as consumer:
        if any((await end_offsets(consumer)).values()):
            raise CouldNot(f"{request.topic.name} has records and nobody remembers how far they go: name another revision")


async def _begin(
    connection: Connection, transactions: Transactions, request: Request, begin: Position, end: Position
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Decides on the ranges and writes them down; the broker shows a committed transaction only a moment later."""
    async with open_reader(connection, [NEWS_RAW]) as consumer:
        first, last = await offsets_at(consumer, begin), await offsets_at(consumer, end)
    ranges = {partition: Range(first[partition], max(first[partition], last[partition])) for partition in first}
    if request.source is not NEWS_RAW:
        async with open_reader(connection, [request.source]) as consumer:
            whole = await offsets_at(consumer, END)
        ranges |= {partition: Range(0, offset) for partition, offset in whole.items()}
    asked = _described(request)
    positions = {
        partition: OffsetAndMetadata(each.begin, orjson.dumps({"request": asked, "begin": each.begin, "end": each.end}).decode())
        for partition, each in ranges.items()
    }
    async with transactions.one():
        await transactions.move(request.name, positions)
    return positions


def _described(request: Request) -> dict[str, object]:
    return {"from": request.begin, "to": request.end, "stages": list(request.stages), "failed": request.is_failed}


def _shown(asked: Mapping[str, object]) -> str:
    stages = asked["stages"]
    named = f" --stages {','.join(map(str, stages))}" if isinstance(stages, list) and stages else ""
    return f"--from {asked['from']} --to {asked['to']}{named}{' --failed' if asked['failed'] else ''}"


async def replay(
    connection: Connection,
    transactions: Transactions,
    request: Request,
    progress: Progress,
    enrich: Enrich,
    is_wanted: Callable[[Fetched], bool],
    account: Account,
) -> None:
    """Goes on to the end of the range; `account` is true at any moment, also when this raises.

    Raises:
        CouldNot: another replay of this revision took over, or the broker went away; run it again.
    """
    async with open_reader(connection, [request.source]) as consumer:
        for partition, offset in progress.next_offsets.items():
            consumer.seek(partition, offset)
        async for batch in _batches(read_until(consumer, progress.ends)):
            wanted = [_record(fetched) for fetched in batch if is_wanted(fetched)]
            results = await asyncio.to_thread(enrich, wanted)
            moved = {TopicPartition(each.topic, each.partition): each.offset + 1 for each in batch}
            await _write(transactions, request, progress, results, moved)
            account.records += len(wanted)
            account.kinds.update(result.kind for result in results)
    # What lies behind the last record of a range, such as the mark of a transaction's end, is done too.
    if not progress.is_over:
        await _write(transactions, request, progress, [], dict(progress.ends))


async def _write(
    transactions: Transactions,
    request: Request,
    progress: Progress,
    results: Sequence[Result],
    moved: Mapping[TopicPartition, int],
) -> None:
    messages = [replace(result.message, topic=request.topic.name) for result in results if result.message]
    async with transactions.one():
        await transactions.deliver(messages)
        await transactions.move(
            request.name, {each: OffsetAndMetadata(offset, progress.metadata[each]) for each, offset in moved.items()}
        )
    progress.next_offsets.update(moved)


async def _batches(records: AsyncIterator[Fetched]) -> AsyncIterator[list[Fetched]]:
    batch: list[Fetched] = []
    weight = 0
    async for record in records:
        batch.append(record)
        weight += len(record.value or b"")
        if len(batch) == _BATCH_RECORDS or weight >= _BATCH_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _record(fetched: Fetched) -> Record:
    return Record(
        topic=fetched.topic,
        partition=fetched.partition,
        offset=fetched.offset,
        key=fetched.key,
        value=fetched.value,
        headers=tuple(fetched.headers),
        timestamp_ms=fetched.timestamp,
    )


def origin_of(record: Fetched | Record) -> Origin | None:
    """The record of news.raw that an enriched record was made of; None without headers that say so."""
    headers = dict(record.headers)
    try:
        return int(headers[ORIGIN_PARTITION]), int(headers[ORIGIN_OFFSET])
    except (KeyError, ValueError):
        return None
