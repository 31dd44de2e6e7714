"""What is written for each record."""

from datetime import UTC, datetime

import pytest

from schemas.dead_letter import DeadLetter
from schemas.enriched_article import EnrichedArticle
from services.enricher.errors import RecordTooLarge
from services.enricher.outcomes import dead_letter, enriched, unexpected, withdrawn
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record

NOW = datetime(2023, 9, 19, 12, tzinfo=UTC)
TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def record(key: bytes | None = b"k", value: bytes | None = b"v") -> Record:
    return Record("news.raw", 2, 1841, key, value, (TRACE, ("cookie", b"secret")), 1_695_081_600_000)


def article(text: str) -> EnrichedArticle:
    return EnrichedArticle.model_validate(
        {
            "article_id": "id", "url": "https://herald.example/a", "canonical_url": "https://herald.example/a", "text": text,
            "collected_at": "2023-09-19T12:00:00Z", "word_count": 1, "content_digest": "sha256:0", "annotations": {},
            "language": {"tag": "ar", "confidence": 1, "iso639_3": "ara", "script": "Arab"},
        }
    )  # fmt: skip


def test_enriched_is_keyed_by_the_article_and_keeps_the_trace() -> None:
    outcome = enriched(record(), article("خبر"))
    assert (outcome.kind, outcome.message.topic, outcome.message.key) == ("enriched", "news.enriched", b"id")
    headers = dict(outcome.message_with_origin().headers)
    assert headers["traceparent"] == TRACE[1] and "cookie" not in headers
    assert headers["newsloom.origin.offset"] == b"1841" and headers["newsloom.language"] == b"ar"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(RecordTooLarge):
        enriched(record(), article("خ" * 8_000_000))


def test_withdrawal_is_a_tombstone() -> None:
    message = withdrawn(record(value=None), "id").message
    assert (message.topic, message.key, message.value) == ("news.enriched", b"id", None)


def test_dead_letter_says_all_and_touches_nothing() -> None:
    outcome = dead_letter(record(), InvalidRecord("invalid_url", "no scheme"), NOW)
    assert (outcome.message.key, outcome.message.value) == (b"k", b"v")
    letter = DeadLetter.from_headers(outcome.message.headers)
    assert letter == DeadLetter(
        exception="InvalidRecord", message="no scheme", topic="news.raw", partition=2, offset=1841, stage="decode",
        error_class="invalid_url", first_failed_at=NOW, last_failed_at=NOW, source_timestamp=1_695_081_600_000,
    )  # fmt: skip
    assert {name for name, _ in outcome.message.headers if name.startswith("__streams.errors.")} == {
        f"__streams.errors.{name}" for name in ("exception", "stacktrace", "message", "topic", "partition", "offset")
    }


def test_dead_letter_tells_null_from_empty() -> None:
    both = dead_letter(record(None, None), InvalidRecord("invalid_key", ""), NOW).message
    letter = DeadLetter.from_headers(both.headers)
    assert letter.original_key_null and letter.original_value_null
    assert (both.key, both.value) == (b"", None), "Kafka's clients take no record without key and value"
    assert not DeadLetter.from_headers(
        dead_letter(record(b"", b""), InvalidRecord("x", ""), NOW).message.headers
    ).original_key_null


def test_bug_is_told_without_the_text_of_its_message() -> None:
    quoted = " ".join(["text", "of", "the", "article"])
    try:
        raise KeyError(quoted)
    except KeyError as error:
        reason = unexpected(error)
    letter = DeadLetter.from_headers(dead_letter(record(), reason, NOW).message.headers)
    assert (letter.error_class, letter.exception) == ("unexpected", "KeyError")
    assert quoted not in letter.message + letter.stack_trace
    assert "test_outcomes" not in letter.message and letter.stack_trace
