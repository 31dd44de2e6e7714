"""A range of news.raw enriched again, on a real broker: beside what was published, and reported."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.codec import decode_enriched
from schemas.enriched_article import EnrichedArticle
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.cli.errors import CouldNot
from services.cli.inputs import read_inputs
from services.cli.positions import BEGINNING, END, AtOffset
from services.cli.raw_messages import raw_messages
from services.cli.replay_report import compare
from services.cli.replay_stages import whole
from services.cli.replaying import Account, Enrich, Request, Result, prepare, replay
from services.cli.transactions import open_transactions
from services.enricher.offline import offline
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft, Model, Stage
from services.runtime.records import Record
from tests.integration.test_enricher import origin
from tests.support.command import ROOT
from tests.support.enricher import LIGHT_STAGES, PlainText, running_enricher
from tests.support.kafka import Broker, Records, started_broker, until
from tests.support.operator import Broken, Operator, articles, committed, connection_to

pytestmark = pytest.mark.kafka


def seeds(count: int) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values of the first sample articles."""
    found = itertools.islice(read_inputs([str(ROOT / "seeds/articles.jsonl")]), count)
    return [(message.key, message.value) for each in found for message in raw_messages(each)]


async def enriched_by(broker: Broker, stages: Sequence[Stage], count: int) -> Records:
    """What a worker with these stages makes of so many records."""
    async with running_enricher(broker, "enricher", stages) as running:
        await until(lambda: running.settled >= count)
    return await committed(broker, NEWS_ENRICHED.name)


def by_url(records: Records) -> dict[str, EnrichedArticle]:
    """The articles."""
    return {each.url: each for each in (decode_enriched(record.value) for record in records if record.value)}


@pytest.mark.model
async def test_replay_writes_a_topic_of_its_own_and_reports_what_changed(tmp_path: Path) -> None:
    values = [*seeds(6), (seeds(1)[0][0], None), (b"bad", b"{")]
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, values)
        before = await enriched_by(broker, LIGHT_STAGES, len(values))
        ended = await operator("replay", "--revision", "real", "--json")
        assert ended.code == 0, ended.err
        assert "replayed 8 records to news.enriched.real: 6 enriched, " in ended.err
        assert "1 withdrawn" in ended.err and "1 given up: invalid_json" in ended.err
        changed = json.loads(ended.out)["languages"]["en"]
        now = await committed(broker, "news.enriched.real")
        again = await operator("replay", "--revision", "real", "--json")
        other = await operator("replay", "--revision", "real", "--from", "1")
        part = await operator("replay", "--revision", "part", "--stages", "sentiment,entities")
        partly = by_url(await committed(broker, "news.enriched.part"))
        assert await committed(broker, NEWS_ENRICHED.name) == before, "news.enriched is untouched"
        assert len(await committed(broker, NEWS_RAW_DLQ.name)) == 1, "nothing is dead-lettered again"

    assert sorted(map(origin, now)) == sorted(map(origin, before))
    articles_now = by_url(now)
    assert {record.key for record in now if record.value is None} == {values[0][0]}
    foreign = sum(article.language.tag != "en" for article in articles_now.values())
    assert foreign > 0 and (changed["articles"], changed["new"], changed["tag"]) == (6, 0, foreign)
    assert changed["entities_added"] == sum(len(article.entities) for article in articles_now.values()) > 0
    assert changed["entities_removed"] == 0 and changed["sentiment"] > 0
    assert (again.code, json.loads(again.out)) == (0, json.loads(ended.out))
    assert "nothing was left to do" in again.err
    assert other.code == 2 and "begun with --from beginning --to end: ask for the same" in other.err

    assert part.code == 0, part.err
    for url, article in by_url(before).items():
        assert partly[url].language == article.language and partly[url].text == article.text
        assert partly[url].annotations["language"] == article.annotations["language"]
        assert partly[url].annotations.keys() == {"text", "language", "encode", "entities", "sentiment"}
    assert any(article.entities and article.sentiment for article in partly.values())


@dataclass(frozen=True)
class Sour:
    """A stage that fails on some articles."""

    name: str = "topics"
    model: Model = field(default_factory=lambda: Model("sour", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        if any("🌊" in draft.text for draft in drafts):
            raise ZeroDivisionError
        return [draft.answered(self.name) for draft in drafts]


@pytest.mark.model
async def test_only_articles_with_a_failed_annotation_are_replayed_where_so_asked(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, articles("sour", 8))
        before = by_url(await enriched_by(broker, (*LIGHT_STAGES, Sour()), 8))
        ended = await operator("replay", "--revision", "mended", "--failed", "--stages", "topics", "--json")
        assert ended.code == 0, ended.err
        now = by_url(await committed(broker, "news.enriched.mended"))
    failed = {url for url, article in before.items() if article.annotations["topics"].status == "failed"}
    assert len(failed) == 2 and now.keys() == failed
    changed = json.loads(ended.out)["languages"]["en"]
    assert (changed["failed_before"], changed["failed_now"]) == (2, 0)
    assert all(article.annotations["topics"].model != "sour" for article in now.values())


async def test_an_interrupted_replay_goes_on_where_it_was_within_the_range_of_its_first_start() -> None:
    enrich = whole(offline(Pipeline(LIGHT_STAGES), 1_000_000))
    request = Request("resumed", "2", "end")
    calls = 0

    def dies_half_way(records: Sequence[Record]) -> Sequence[Result]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CouldNot("killed")
        return enrich(records)

    async with started_broker() as broker, connection_to(broker) as connection:
        await broker.publish(NEWS_RAW.name, articles("resumed", 200))
        raw = [(record.partition, record.offset) for record in await committed(broker, NEWS_RAW.name)]
        wanted = [place for place in raw if place[1] >= 2]

        async def run(enrich: Enrich) -> Account:
            account = Account()
            async with open_transactions(connection, request.name) as transactions:
                progress = await prepare(connection, transactions, request, AtOffset(2), END)
                await replay(connection, transactions, request, progress, enrich, lambda _: True, account)
            return account

        with pytest.raises(CouldNot, match="killed"):
            await run(dies_half_way)
        half = len(await committed(broker, request.topic.name))
        assert half == 64
        await broker.publish(NEWS_RAW.name, articles("later", 20))
        assert (await run(enrich)).records == len(wanted) - half
        assert (await run(enrich)).records == 0
        replayed = await committed(broker, request.topic.name)
        assert sorted(map(origin, replayed)) == sorted(wanted)
        assert await broker.end_offset(NEWS_ENRICHED.name) == 0
        changes = await compare(connection, request.topic)
    assert changes["en"].new == changes["en"].articles == len(wanted)


async def test_a_second_replay_of_a_revision_takes_over() -> None:
    request = Request("twice", "beginning", "end")
    async with started_broker() as broker, connection_to(broker) as connection:
        await broker.publish(NEWS_RAW.name, articles("twice", 5))
        with pytest.raises(CouldNot, match=r"another command has taken over as replay\.twice"):
            async with open_transactions(connection, request.name) as first:
                progress = await prepare(connection, first, request, BEGINNING, END)
                async with open_transactions(connection, request.name):
                    enrich = whole(offline(Pipeline((PlainText(), Broken())), 1_000_000))
                    await replay(connection, first, request, progress, enrich, lambda _: True, Account())
