"""A record that can't be read, untouched, with headers that say why."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_ENRICHED_DLQ
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record
from services.trends.sending import Send

T = TypeVar("T")


def record_of(event: Any) -> Record:
    """The record of a Faust event, as Kafka handed it over."""
    message = event.message
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple((name, value) for name, value in headers),
        timestamp_ms=round((message.timestamp or 0) * 1000),
    )


def read_all(
    events: Sequence[Any], read: Callable[[Record], T], now: Callable[[], datetime]
) -> tuple[list[tuple[Record, T]], list[Send]]:
    """What `read` makes of each event's record, in order, and dead letters of those for which it raises InvalidRecord."""
    readable, letters = [], []
    for record in map(record_of, events):
        try:
            readable.append((record, read(record)))
        except InvalidRecord as error:
            letters.append(dead_letter(record, error, now()))
    return readable, letters


def dead_letter(record: Record, error: InvalidRecord, now: datetime) -> Send:
    """The dead letter. It may come twice when the worker dies behind it: its headers name the record."""
    letter = DeadLetter(
        exception=type(error.__cause__ or error).__name__,
        stack_trace=error.stack_trace,
        message=str(error),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        stage=error.stage,
        error_class=error.error_class,
        first_failed_at=now,
        last_failed_at=now,
        source_timestamp=record.timestamp_ms,
        original_key_null=record.key is None,
        original_value_null=record.value is None,
    )
    # Kafka's clients refuse a record with neither key nor value; the header says that both were null.
    key = b"" if record.key is None and record.value is None else record.key
    return Send(NEWS_ENRICHED_DLQ.name, None, key, record.value, letter.to_headers())
