"""What changed between two enriched records of the same article."""

from dataclasses import replace

import pytest

from schemas.codec import encode
from schemas.enriched_article import Annotation
from services.cli.replay_report import Change, Summary, summary_of
from services.cli.replaying import origin_of
from tests.support.fetched import FetchedRecord, enriched_record
from tests.unit.cli.test_export_files import an_article

BEFORE = Summary("ar", frozenset({1, 2}), "negative", frozenset({"medtop:16000000"}), "sha256:0", b"1", has_failed=True)


def counted(before: Summary | None, now: Summary) -> dict[str, int]:
    """The counts that aren't 0, but for the article itself."""
    change = Change()
    change.count(before, now)
    return {name: getattr(change, name) for name in Change.__slots__ if getattr(change, name) and name != "articles"}


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        (BEFORE, {"same": 1, "failed_before": 1, "failed_now": 1}),
        (replace(BEFORE, value=b"2", has_failed=False), {"failed_before": 1}),
        (replace(BEFORE, value=b"2", language="fa"), {"tag": 1, "failed_before": 1, "failed_now": 1}),
        (
            replace(BEFORE, value=b"2", entities=frozenset({2, 3, 4}), sentiment=None),
            {"entities_added": 2, "entities_removed": 1, "sentiment": 1, "failed_before": 1, "failed_now": 1},
        ),
        (
            replace(BEFORE, value=b"2", topics=frozenset(), content="sha256:1"),
            {"topics": 1, "text": 1, "failed_before": 1, "failed_now": 1},
        ),
    ],
    ids=["same", "mended", "language", "entities-and-sentiment", "topics-and-text"],
)
def test_each_difference_is_counted(now: Summary, counts: dict[str, int]) -> None:
    assert counted(BEFORE, now) == counts


def test_an_article_without_a_counterpart_is_new() -> None:
    assert counted(None, replace(BEFORE, has_failed=False)) == {"new": 1}


def test_a_summary_tells_articles_apart_and_a_withdrawal_has_none() -> None:
    summary = summary_of(enriched_record(encode(an_article())))
    assert summary is not None and (summary.language, summary.sentiment, summary.has_failed) == ("ar", "negative", False)
    failed = an_article().model_copy(update={"annotations": {"topics": Annotation(model="m", version="1", status="failed")}})
    other = summary_of(enriched_record(encode(failed)))
    assert other is not None and other.has_failed and other.value != summary.value and other.entities == summary.entities
    assert summary_of(enriched_record(None)) is None


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ([("newsloom.origin.partition", b"2"), ("newsloom.origin.offset", b"17")], (2, 17)),
        ([("newsloom.origin.partition", b"2")], None),
        ([("newsloom.origin.partition", b"\xff"), ("newsloom.origin.offset", b"17")], None),
    ],
)
def test_the_origin_is_what_the_headers_say(headers: list[tuple[str, bytes]], origin: tuple[int, int] | None) -> None:
    assert origin_of(FetchedRecord("news.enriched", b"{}", headers=headers)) == origin
