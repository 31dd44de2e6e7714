"""What the Kafka edge takes in and hands out: records, messages, and one outcome per record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = tuple[tuple[str, bytes], ...]

DEAD_LETTER = "dead_letter"
FAILED = "failed"

ORIGIN_TOPIC = "newsloom.origin.topic"
ORIGIN_PARTITION = "newsloom.origin.partition"
ORIGIN_OFFSET = "newsloom.origin.offset"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as Kafka hands it over; `timestamp_ms` is milliseconds since 1970 UTC."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int

    @property
    def size_bytes(self) -> int:
        """What it weighs in a buffer: key and value."""
        return len(self.key or b"") + len(self.value or b"")


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be written; a value of None is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one record became: a kind (one word, a metric label) and the one message that says so."""

    record: Record
    kind: str
    message: Message
    steps: tuple[tuple[str, str], ...] = ()
    """What was done and how that went, e.g. ("entities", "ok"), for metrics; of a dead letter: where it failed, and its class."""

    @property
    def is_failure(self) -> bool:
        """Whether something failed: a dead letter, or a step of it."""
        return self.kind == DEAD_LETTER or any(status == FAILED for _, status in self.steps)

    def message_with_origin(self) -> Message:
        """The message with headers that name the record it came from."""
        origin = (
            (ORIGIN_TOPIC, self.record.topic.encode()),
            (ORIGIN_PARTITION, b"%d" % self.record.partition),
            (ORIGIN_OFFSET, b"%d" % self.record.offset),
        )
        return Message(self.message.topic, self.message.key, self.message.value, self.message.headers + origin)


class Handler(Protocol):
    """Turns a batch of records of one partition into one outcome each, in order."""

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """One outcome per record; raises TransientError to be called again with the same records."""
        ...


class Rescue(Protocol):
    """Makes the outcome of a record whose handling raised something that nobody foresaw."""

    def __call__(self, record: Record, error: Exception) -> Outcome:
        """A dead letter; never raises."""
        ...
