"""Records as the commands read them, made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ


@dataclass(frozen=True)
class FetchedRecord:
    """What services.cli.reading.Fetched asks for."""

    topic: str
    value: bytes | None
    key: bytes | None = b"key"
    partition: int = 0
    offset: int = 7
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


def enriched_record(value: bytes | None, language: str = "ar") -> FetchedRecord:
    """A record of news.enriched."""
    return FetchedRecord(NEWS_ENRICHED.name, value, headers=[("newsloom.language", language.encode())])


def raw_record(value: bytes | None) -> FetchedRecord:
    """A record of news.raw."""
    return FetchedRecord(NEWS_RAW.name, value)


def dead_letter_record(key: bytes | None, value: bytes | None) -> FetchedRecord:
    """A dead letter of class invalid_utf8."""
    moment = datetime(2023, 9, 19, tzinfo=UTC)
    letter = DeadLetter(
        exception="Undecodable",
        message="byte 3 is not UTF-8",
        topic=NEWS_RAW.name,
        partition=2,
        offset=41,
        stage="decode",
        error_class="invalid_utf8",
        first_failed_at=moment,
        last_failed_at=moment,
        source_timestamp=0,
    )
    return FetchedRecord(NEWS_RAW_DLQ.name, value, key, headers=letter.to_headers())
