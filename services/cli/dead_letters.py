"""Finds dead letters: by where they are, class, stage, time or source; each with what was decided about it."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from schemas.dead_letter import DeadLetter
from schemas.decision import Decision, Place
from schemas.topics import NEWS_RAW_DLQ, Topic
from services.cli.connection import Connection
from services.cli.errors import WrongUse
from services.cli.reading import Fetched, end_offsets, open_reader, read_until

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

OPEN = "open"


@dataclass(frozen=True, slots=True, order=True)
class LetterId:
    """Where a dead letter is on its topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @property
    def place(self) -> Place:
        """The same, with its topic."""
        return Place(topic=NEWS_RAW_DLQ.name, partition=self.partition, offset=self.offset)


Decisions = Mapping[LetterId, Decision]


@dataclass(frozen=True, slots=True)
class Found:
    """A record of the dead-letter topic; `letter` is None when it hasn't the headers of one."""

    id: LetterId
    record: Fetched
    letter: DeadLetter | None
    decision: Decision | None

    @property
    def state(self) -> str:
        """ "open", or what was decided."""
        return self.decision.action if self.decision else OPEN

    @property
    def error_class(self) -> str:
        """What is wrong with it."""
        return self.letter.error_class if self.letter else "without our headers"

    @property
    def stage(self) -> str:
        """Where it failed."""
        return self.letter.stage if self.letter else "?"

    @property
    def sure(self) -> DeadLetter:
        """The dead letter, where it is known to be one."""
        assert self.letter is not None
        return self.letter


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which dead letters are wanted: those that meet all that is given."""

    ids: frozenset[LetterId] = frozenset()
    error_class: str | None = None
    stage: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    source: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every dead letter meets them."""
        return self == Criteria()

    def hold(self, found: Found) -> bool:
        """Whether this one is wanted; `since` and `until` (exclusive) are about when it failed last."""
        letter = found.letter
        if self.ids and found.id not in self.ids:
            return False
        if letter is None:
            return self == Criteria(ids=self.ids)
        return (
            self.error_class in (None, letter.error_class)
            and self.stage in (None, letter.stage)
            and (self.since is None or letter.last_failed_at >= self.since)
            and (self.until is None or letter.last_failed_at < self.until)
            and (self.source is None or is_from(self.source, domain_of(found.record.value)))
        )


def parse_letter_id(text: str) -> LetterId:
    """PARTITION:OFFSET; raises WrongUse for anything else."""
    partition, _, offset = text.partition(":")
    if not all(number.isascii() and number.isdigit() for number in (partition, offset)):
        raise WrongUse(f"a dead letter is named PARTITION:OFFSET, such as 2:17, not {text}")
    return LetterId(int(partition), int(offset))


def domain_of(value: bytes | None) -> str | None:
    """The outlet's domain as far as the bytes tell: `source.domain`, else the host of `url`; None when they don't."""
    try:
        document = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    source, url = document.get("source"), document.get("url")
    if isinstance(source, dict) and isinstance(source.get("domain"), str):
        return str(source["domain"]).casefold()
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None


def is_from(wanted: str, domain: str | None) -> bool:
    """Whether the domain is the wanted one or below it."""
    return domain is not None and f".{domain}".endswith(f".{wanted.casefold()}")


async def find_dead_letters(
    connection: Connection, criteria: Criteria, decisions: Decisions, topic: Topic = NEWS_RAW_DLQ
) -> AsyncGenerator[Found, None]:
    """The dead letters that are there now and meet the criteria, partition by partition in order."""
    async with open_reader(connection, [topic]) as consumer:
        ends = await end_offsets(consumer)
        if criteria.ids:
            ends = _only(consumer, ends, criteria.ids)
        async for record in read_until(consumer, ends):
            found = as_found(record, decisions)
            if criteria.hold(found):
                yield found


def _only(
    consumer: "AIOKafkaConsumer", ends: "Mapping[TopicPartition, int]", ids: frozenset[LetterId]
) -> "dict[TopicPartition, int]":
    """Puts the consumer on the first wanted one of each partition; where the last ones end."""
    narrowed = {}
    for partition, end in ends.items():
        offsets = [each.offset for each in ids if each.partition == partition.partition and each.offset < end]
        if offsets:
            consumer.seek(partition, min(offsets))
            narrowed[partition] = min(max(offsets) + 1, end)
    return narrowed


def as_found(record: Fetched, decisions: Decisions) -> Found:
    """The record as a dead letter; a decision about another one that once had its place doesn't count."""
    own_id = LetterId(record.partition, record.offset)
    try:
        letter = DeadLetter.from_headers(record.headers)
    except ValidationError:
        return Found(own_id, record, None, None)
    decision = decisions.get(own_id)
    return Found(own_id, record, letter, decision if decision is not None and is_about(decision, letter) else None)


def is_about(decision: Decision, letter: DeadLetter) -> bool:
    """Whether the decision was made about this dead letter, not about one of a topic that has been deleted since."""
    return decision.last_failed_at == letter.last_failed_at and decision.origin == origin_of(letter)


def origin_of(letter: DeadLetter) -> Place:
    """The raw record that it was made of."""
    return Place(topic=letter.topic, partition=letter.partition, offset=letter.offset)
