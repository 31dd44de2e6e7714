"""One outcome per record: an enriched article, a tombstone for a withdrawn one, or a dead letter with the bytes untouched."""

import traceback
from datetime import datetime

from schemas.codec import CONTENT_TYPE, encode
from schemas.dead_letter import DeadLetter
from schemas.enriched_article import VERSION, EnrichedArticle
from schemas.topics import NEWS_ENRICHED, NEWS_RAW_DLQ
from services.enricher.errors import RecordTooLarge
from services.enricher.history import history_of
from services.runtime.errors import InvalidRecord
from services.runtime.records import DEAD_LETTER, Headers, Message, Outcome, Record

ENRICHED, WITHDRAWN = "enriched", "withdrawn"

# What a record may weigh besides its value: headers, key and the batch around it.
_OVERHEAD_BYTES = 100_000

_KEPT_HEADERS = frozenset({"traceparent", "tracestate"})


def kept(headers: Headers) -> Headers:
    """The headers that travel on with a record: its trace."""
    return tuple(header for header in headers if header[0] in _KEPT_HEADERS)


def enriched(record: Record, article: EnrichedArticle) -> Outcome:
    """The enriched article, keyed by article_id.

    Raises:
        RecordTooLarge: it doesn't fit into the topic.
    """
    value = encode(article)
    limit = NEWS_ENRICHED.max_message_bytes - _OVERHEAD_BYTES
    if len(value) > limit:
        raise RecordTooLarge(len(value), limit)
    headers = (
        ("content-type", CONTENT_TYPE.encode()),
        ("newsloom.schema", f"{NEWS_ENRICHED.name}/v{VERSION}".encode()),
        ("newsloom.content_digest", article.content_digest.encode()),
        ("newsloom.language", article.language.tag.encode()),
        *kept(record.headers),
    )
    steps = tuple((stage, annotation.status) for stage, annotation in article.annotations.items())
    return Outcome(record, ENRICHED, Message(NEWS_ENRICHED.name, article.article_id.encode(), value, headers), steps)


def withdrawn(record: Record, article_id: str) -> Outcome:
    """A tombstone that makes compaction erase what was published of the article."""
    return Outcome(record, WITHDRAWN, Message(NEWS_ENRICHED.name, article_id.encode(), None, kept(record.headers)))


def dead_letter(record: Record, error: InvalidRecord, now: datetime) -> Outcome:
    """The record's own key and value with headers that say what is wrong with it, and how often it failed before."""
    cause = error.__cause__ or error
    history = history_of(record)
    letter = DeadLetter(
        exception=type(cause).__name__,
        stack_trace=error.stack_trace,
        message=str(error),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        stage=error.stage,
        error_class=error.error_class,
        attempts=history.attempts + 1,
        first_failed_at=history.first_failed_at or now,
        last_failed_at=now,
        source_timestamp=history.timestamp_ms,
        original_key_null=record.key is None,
        original_value_null=record.value is None,
    )
    # Kafka's clients refuse a record with neither key nor value; the header says that both were null.
    key = b"" if record.key is None and record.value is None else record.key
    message = Message(NEWS_RAW_DLQ.name, key, record.value, kept(record.headers) + letter.to_headers())
    return Outcome(record, DEAD_LETTER, message, ((error.stage, error.error_class),))


def unexpected(error: Exception) -> InvalidRecord:
    """A bug, as the reason of a dead letter: its class and where it was raised, never its text (it may quote the article).

    An error that already is such a reason is returned as it is.
    """
    if isinstance(error, InvalidRecord):
        return error
    reason = InvalidRecord("unexpected", f"{type(error).__name__} was raised", "worker")
    reason.__cause__ = error
    reason.stack_trace = "".join(traceback.format_tb(error.__traceback__))
    return reason
