"""What a record that was sent back from the dead-letter topic carries of its past, in headers of the dead letter (pure).

Anyone may write news.raw, so a header that makes no sense counts as none.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.dead_letter import ATTEMPTS_HEADER, FIRST_FAILED_AT_HEADER, SOURCE_TIMESTAMP_HEADER
from schemas.publication_date import parse_moment
from services.runtime.records import Record

_MAX_ATTEMPTS = 1_000_000
_MAX_TIMESTAMP_MS = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class History:
    """How often a record failed before, since when, and how old it really is."""

    attempts: int
    first_failed_at: datetime | None
    timestamp_ms: int
    """Of the record as it was first published, milliseconds since 1970 UTC."""


def history_of(record: Record) -> History:
    """The record's past; no attempts and its own timestamp when it came here for the first time."""
    headers = dict(record.headers)
    attempts = _number(headers.get(ATTEMPTS_HEADER), _MAX_ATTEMPTS)
    if not attempts:
        return History(0, None, record.timestamp_ms)
    timestamp_ms = _number(headers.get(SOURCE_TIMESTAMP_HEADER), _MAX_TIMESTAMP_MS)
    return History(attempts, _moment(headers.get(FIRST_FAILED_AT_HEADER)), timestamp_ms or record.timestamp_ms)


def _number(value: bytes | None, largest: int) -> int | None:
    # The length first: Python takes its time for a number of a million digits.
    if value is None or len(value) > 15 or not value.isdigit():
        return None
    return min(int(value), largest)


def _moment(value: bytes | None) -> datetime | None:
    try:
        moment = parse_moment((value or b"").decode("ascii", "replace"))
    except ValueError:
        return None
    return moment if isinstance(moment, datetime) else None
