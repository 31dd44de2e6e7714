"""Whatever comes in, each record has exactly one outcome, dead letters keep their bytes, and equal input gives equal output."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import decode_enriched
from schemas.dead_letter import DeadLetter
from schemas.raw_article import RawArticle
from services.runtime.records import Outcome, Record
from tests.support.enricher import FAST_SETTINGS, LIGHT_STAGES, handler_of

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
URLS = st.sampled_from(["https://herald.example/a", "http://أخبار.example/ب?x=1", "urn:x:y", "file:///a"]) | st.text()
FIELDS = st.fixed_dictionaries(
    {"url": URLS, "text": st.text(min_size=1) | ANY_JSON},
    optional={name: ANY_JSON for name in RawArticle.model_fields if name not in ("url", "text")},
)
VALUES = (
    st.none()
    | st.binary()
    | FIELDS.map(lambda fields: json.dumps(fields).encode())
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
)
KEYS = st.none() | st.binary() | st.just(b"https://herald.example/a")


def records_of(pairs: Sequence[tuple[bytes | None, bytes | None]]) -> list[Record]:
    return [Record("news.raw", 0, offset, key, value, (), 1_700_000_000_000) for offset, (key, value) in enumerate(pairs)]


def outcomes_of(records: Sequence[Record]) -> Sequence[Outcome]:
    async def run() -> Sequence[Outcome]:
        async with handler_of(LIGHT_STAGES, FAST_SETTINGS) as handler:
            return await handler(records)

    return asyncio.run(run())


def essence(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.kind, outcome.message.topic, outcome.message.key, outcome.message.value


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=12))
def test_each_record_has_exactly_one_outcome(pairs: list[tuple[bytes | None, bytes | None]]) -> None:
    records = records_of(pairs)
    outcomes = outcomes_of(records)
    assert [outcome.record for outcome in outcomes] == records
    for record, outcome in zip(records, outcomes, strict=True):
        message = outcome.message
        if outcome.kind == "enriched":
            article = decode_enriched(message.value or b"")
            assert message.key == article.article_id.encode()
        elif outcome.kind == "withdrawn":
            assert record.value is None and message.value is None and message.key
        else:
            assert outcome.kind == "dead_letter"
            assert message.value == record.value and (message.key or None) == (record.key or None)
            letter = DeadLetter.from_headers(message.headers)
            assert (letter.partition, letter.offset) == (record.partition, record.offset)
            assert letter.error_class != "unexpected", letter.message


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(KEYS, VALUES), min_size=2, max_size=8))
def test_company_does_not_change_an_outcome(pairs: list[tuple[bytes | None, bytes | None]]) -> None:
    records = records_of(pairs)
    together = [essence(outcome) for outcome in outcomes_of(records)]
    alone = [essence(outcomes_of([record])[0]) for record in records]
    assert together == alone
