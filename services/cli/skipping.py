"""Takes a group past a record that the client can't read: a dead letter for it, and the next offset, in one transaction.

The transaction's name is that of the worker's own producer for the partition. Starting under it settles what the worker had
open and fences it, so the group's offset can't move between our look at it and our commit, whether or not a worker lives.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from schemas.dead_letter import DeadLetter
from schemas.topics import TOPICS, Topic
from services.cli.connection import Connection
from services.cli.consumer_groups import committed_offsets
from services.cli.errors import CouldNot, WrongUse
from services.cli.raw_batches import StoredBatch, StoredRecord, fetch_batch
from services.cli.redriving import UNREADABLE
from services.cli.transactions import Transactions
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION, ORIGIN_TOPIC, Headers, Message
from services.runtime.sink import transactional_id

# A readable record that an operator insisted on skipping.
SKIPPED = "skipped"

_STAGE = "fetch"
_PROBE_MS = 5_000
_TRACE = frozenset({"traceparent", "tracestate"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The record to skip."""

    topic: Topic
    partition: int
    offset: int
    group: str
    is_forced: bool

    @property
    def source(self) -> TopicPartition:
        """Where it is."""
        return TopicPartition(self.topic.name, self.partition)

    @property
    def transactional_id(self) -> str:
        """The name of the worker's producer for this partition."""
        return transactional_id(self.group, self.source)


@dataclass(frozen=True, slots=True)
class Skip:
    """What is to be done: the dead letters to write and the offset to go on at."""

    error_class: str
    error: str
    messages: tuple[Message, ...]
    next_offset: int
    why_without_bytes: str


async def plan(connection: Connection, wanted: Wanted) -> Skip:
    """Looks at the record and at the group.

    Raises:
        WrongUse: there is no such partition, or the topic has no dead letters.
        CouldNot: the record is readable, isn't there, or isn't where the group stands.
    """
    if wanted.topic.dead_letter_topic is None:
        raise WrongUse(f"records of {wanted.topic.name} have no dead-letter topic")
    if wanted.partition >= await connection.partitions(wanted.topic):
        raise WrongUse(f"{wanted.topic.name} has no partition {wanted.partition}")
    committed = (await committed_offsets(connection, wanted.group)).get(wanted.source)
    if committed != wanted.offset and not wanted.is_forced:
        stands = "has committed nothing there" if committed is None else f"stands at {committed}"
        raise CouldNot(f"the group {wanted.group} {stands}, not at {wanted.offset} (--force skips all the same)")
    error = await _error_of_reading(connection, wanted)
    if error is None and not wanted.is_forced:
        raise CouldNot(f"the record at offset {wanted.offset} is readable (--force skips it all the same)")
    batch = await fetch_batch(connection, wanted.source, wanted.offset)
    return skip_of(wanted, batch, error, datetime.now(UTC))


async def carry_out(transactions: Transactions, wanted: Wanted, skip: Skip) -> None:
    """Writes the dead letters and moves the group, both or neither.

    Raises:
        CouldNot: a worker took its partition back in this moment, or the broker went away; run it again.
    """
    async with transactions.one():
        await transactions.deliver(skip.messages)
        await transactions.move(wanted.group, {wanted.source: skip.next_offset})


async def _error_of_reading(connection: Connection, wanted: Wanted) -> Exception | None:
    """What the client raises at this offset; None when it reads a record there or behind.

    Raises:
        CouldNot: there is nothing.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=connection.bootstrap_servers,
        client_id="newsloom-operator",
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        **connection.kafka.client_options(),
    )
    nothing = f"{wanted.topic.name}-{wanted.partition} has no record at offset {wanted.offset}"
    await consumer.start()
    try:
        consumer.assign([wanted.source])
        consumer.seek(wanted.source, wanted.offset)
        try:
            if not await consumer.getmany(wanted.source, timeout_ms=_PROBE_MS, max_records=1):
                raise CouldNot(nothing)
        except OffsetOutOfRangeError:
            raise CouldNot(nothing) from None
        except (KafkaError, UnicodeDecodeError) as error:
            return error
        return None
    finally:
        await consumer.stop()


def skip_of(wanted: Wanted, batch: StoredBatch, error: Exception | None, now: datetime) -> Skip:
    """The unreadable record and those behind it in its batch, which the client can't reach; a readable one alone."""
    first = max(wanted.offset, batch.first_offset)
    last = batch.last_offset if error is not None else first
    error_class = UNREADABLE if error is not None else SKIPPED
    name = type(error).__name__ if error is not None else "Skipped"
    messages = []
    for record in _stored(batch, first, last):
        reason = _reason(error, record.offset, first, batch.why_not)
        messages.append(_dead_letter(wanted, record, _letter(wanted, record, (error_class, name, reason), now)))
    return Skip(error_class, name, tuple(messages), last + 1, batch.why_not)


def _stored(batch: StoredBatch, first: int, last: int) -> Iterator[StoredRecord]:
    if batch.records is not None:
        yield from (record for record in batch.records if first <= record.offset <= last)
        return
    for offset in range(first, last + 1):
        yield StoredRecord(offset, batch.timestamp_ms, None, None, ())


def _reason(error: Exception | None, offset: int, first: int, why_not: str) -> str:
    if error is None:
        return "an operator skipped it"
    if why_not:
        return f"the client can't read it, and its bytes can't be had: {why_not}"
    if offset == first:
        return "the client can't read it; key and value are as stored"
    return f"it stands behind offset {first} in a batch that the client can't read; key and value are as stored"


def _letter(wanted: Wanted, record: StoredRecord, why: tuple[str, str, str], now: datetime) -> DeadLetter:
    error_class, exception, message = why
    is_known = record.key is not None or record.value is not None or bool(record.headers)
    return DeadLetter(
        exception=exception,
        message=message,
        topic=wanted.topic.name,
        partition=wanted.partition,
        offset=record.offset,
        stage=_STAGE,
        error_class=error_class,
        first_failed_at=now,
        last_failed_at=now,
        source_timestamp=record.timestamp_ms,
        original_key_null=is_known and record.key is None,
        original_value_null=is_known and record.value is None,
    )


def _dead_letter(wanted: Wanted, record: StoredRecord, letter: DeadLetter) -> Message:
    origin: Headers = (
        (ORIGIN_TOPIC, wanted.topic.name.encode()),
        (ORIGIN_PARTITION, b"%d" % wanted.partition),
        (ORIGIN_OFFSET, b"%d" % record.offset),
    )
    trace = tuple((name, value) for name, value in record.headers if name in _TRACE)
    # Kafka's clients refuse a record with neither key nor value.
    key = b"" if record.key is None and record.value is None else record.key
    topic = TOPICS[str(wanted.topic.dead_letter_topic)]
    return Message(topic.name, key, record.value, trace + letter.to_headers() + origin)
