"""The books find what they are there for: each way in which outcomes can be wrong, written by hand on a real broker."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka import TopicPartition

from schemas.identity import article_id
from schemas.topics import NEWS_RAW
from services.enricher.assemble import models_of
from services.enricher.decode import decode
from services.enricher.outcomes import dead_letter
from services.enricher.pipeline import Pipeline
from services.enricher.settle import articles, outcome_of, settle
from services.runtime.delivery import deliver
from services.runtime.errors import InvalidRecord
from services.runtime.records import Outcome, Record
from services.runtime.sink import new_producer
from tests.fault.books import Books, close_books
from tests.fault.truth import Truth
from tests.support.bad_input import article
from tests.support.enricher import LIGHT_STAGES, MAX_REQUEST_BYTES
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NAMES = ("lost", "duplicated", "reordered", "innocent", "different")


async def published(broker: Broker, name: str) -> list[Record]:
    """Three revisions of an article, and something that is none, under one key."""
    url = f"https://herald.example/कोसी/{name}"
    key = article_id(url).encode()
    values = [article(url=url, text=f"Überschwemmung 洪水 {revision}") for revision in range(3)]
    await broker.publish(NEWS_RAW.name, [(key, value) for value in (*values, b"no article")])
    found = [each for each in await broker.read(NEWS_RAW.name) if each.key == key]
    return [Record(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in found]


def right_outcomes(records: Sequence[Record]) -> list[Outcome]:
    """What a worker without faults makes of them."""
    decoded = [decode(record, 1_000_000) for record in records]
    settled = settle(records, decoded, Pipeline(LIGHT_STAGES)(articles(decoded)), models_of(LIGHT_STAGES))
    return [outcome_of(record, each, NOW) for record, each in zip(records, settled, strict=True)]


async def write(broker: Broker, outcomes: Sequence[Outcome]) -> None:
    """Writes the outcomes in this order."""
    producer = new_producer(broker.bootstrap_servers, broker.settings, MAX_REQUEST_BYTES)
    await producer.start()
    try:
        await deliver(producer, TopicPartition(NEWS_RAW.name, outcomes[0].record.partition), outcomes)
    finally:
        await producer.stop()


def made_wrong(case: str, right: list[Outcome]) -> list[Outcome]:
    """The outcomes with one thing wrong."""
    first, second, third, poison = right
    other = replace(second, message=replace(second.message, value=b"{}"))
    victim = dead_letter(second.record, InvalidRecord("stage_failed", "", "text"), NOW)
    another_class = dead_letter(poison.record, InvalidRecord("nul_byte", ""), NOW)
    return {
        "right": right,
        "lost": [first, third, poison],
        "duplicated": [*right, third],
        "reordered": [second, first, third, poison],
        "innocent": [first, victim, third, poison],
        "different": [first, other, third, poison],
        "another-class": [first, second, third, another_class],
    }[case]


def grown(before: Books, after: Books) -> set[str]:
    """What balances less than before."""
    counts = [(name, getattr(before, name), getattr(after, name)) for name in NAMES]
    return {name for name, then, now in counts if (now > then if isinstance(now, int) else len(now) > len(then))}


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("right", set()),
        ("lost", {"lost"}),
        ("duplicated", {"duplicated"}),
        ("reordered", {"reordered"}),
        ("innocent", {"innocent"}),
        ("different", {"different"}),
        ("another-class", {"different"}),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_else(broker: Broker, case: str, named: set[str]) -> None:
    truth = Truth(LIGHT_STAGES)
    before = await close_books(broker, truth)
    await write(broker, made_wrong(case, right_outcomes(await published(broker, case))))
    after = await close_books(broker, truth)
    print(f"{case}: {after}")
    assert grown(before, after) == named
    assert after.balance is (before.balance and not named)
