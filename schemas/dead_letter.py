"""news.raw.dlq v1: the headers beside the untouched key and value of a record that could not be enriched.

The six `__streams.errors.*` names are Kafka Streams' own (KIP-1034), so that its tools read our dead letters.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import Field

from schemas.contract import Contract
from schemas.publication_date import Moment, rfc3339

VERSION = 1

Headers = tuple[tuple[str, bytes], ...]

# A dead letter that is sent back to news.raw carries these three along, and so into the next dead letter.
ATTEMPTS_HEADER = "newsloom.error.attempts"
FIRST_FAILED_AT_HEADER = "newsloom.error.first_failed_at"
SOURCE_TIMESTAMP_HEADER = "newsloom.error.source_timestamp"

_MAX_STACK_TRACE_BYTES = 2_000

_HEADER_OF: Mapping[str, str] = {
    "exception": "__streams.errors.exception",
    "stack_trace": "__streams.errors.stacktrace",
    "message": "__streams.errors.message",
    "topic": "__streams.errors.topic",
    "partition": "__streams.errors.partition",
    "offset": "__streams.errors.offset",
    "stage": "newsloom.error.stage",
    "error_class": "newsloom.error.class",
    "attempts": ATTEMPTS_HEADER,
    "first_failed_at": FIRST_FAILED_AT_HEADER,
    "last_failed_at": "newsloom.error.last_failed_at",
    "source_timestamp": SOURCE_TIMESTAMP_HEADER,
    "original_key_null": "original_key_null",
    "original_value_null": "original_value_null",
}


class DeadLetter(Contract):
    """Why a record could not be enriched and where it came from; travels as headers, in UTF-8."""

    exception: str = Field(description="Class name of the error")
    stack_trace: str = Field("", description="At most 2,000 bytes, never article text")
    message: str = Field("", description="One sentence, never article text")
    topic: str = Field(description="Topic that the record was read from")
    partition: int = Field(ge=0, description="Partition it was read from")
    offset: int = Field(ge=0, description="Offset it was read from")
    stage: str = Field(description='Where it failed: "decode" or a stage')
    error_class: str = Field(description="What is wrong with it, one of the classes in docs/architecture.md")
    attempts: int = Field(1, ge=1, description="How often it was tried")
    first_failed_at: Moment = Field(description="RFC 3339 UTC")
    last_failed_at: Moment = Field(description="RFC 3339 UTC")
    source_timestamp: int = Field(description="The record's own timestamp, milliseconds since 1970 UTC")
    original_key_null: bool = Field(False, description="The record had no key")
    original_value_null: bool = Field(False, description="The record had no value")

    def to_headers(self) -> Headers:
        """The headers, in a fixed order; `original_*_null` only when true."""
        return tuple(
            (header, _encode(getattr(self, name))) for name, header in _HEADER_OF.items() if getattr(self, name) is not False
        )

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> "DeadLetter":
        """The dead letter that the headers describe; raises pydantic.ValidationError when some are missing."""
        values = {name: value.decode("utf-8", "replace") for name, value in headers}
        return cls.model_validate({field: values[header] for field, header in _HEADER_OF.items() if header in values})


def _encode(value: object) -> bytes:
    if isinstance(value, datetime):
        return rfc3339(value).encode()
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode("utf-8", "replace")[:_MAX_STACK_TRACE_BYTES]
