"""Groups that stand still by order or because too much failed, on a real broker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.identity import article_id
from schemas.topics import NEWS_CONTROL, NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft, Model
from tests.support.bad_input import article
from tests.support.enricher import FAST_SETTINGS, LIGHT_STAGES, AlwaysEnglish, PlainText, Running, running_enricher
from tests.support.kafka import Broker, started_broker, until
from tests.support.operator import Operator

pytestmark = pytest.mark.kafka

BREAKER = EnricherSettings(**{**FAST_SETTINGS.model_dump(), "batch_max_records": 5, "breaker_in_a_row": 10})


@dataclass(frozen=True)
class Broken:
    """A language stage of a bad deployment."""

    name: str = "language"
    model: Model = field(default_factory=lambda: Model("broken", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        raise ValueError("no such model")


async def publish(broker: Broker, count: int) -> None:
    urls = [f"https://herald.example/{number}" for number in range(count)]
    await broker.publish(NEWS_RAW.name, [(article_id(url).encode(), article(url=url)) for url in urls])


def paused(running: Running) -> str:
    return str(running.worker.ready().details["paused"] or "")


def stands_still(running: Running, by: str) -> bool:
    return f"paused by {by}" in paused(running)


async def test_a_bad_deployment_stops_itself_and_the_next_one_goes_on_when_told(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await publish(broker, 400)
        async with running_enricher(broker, "enricher", (PlainText(), Broken()), BREAKER) as bad:
            await until(lambda: stands_still(bad, "breaker"))
            assert "10 records failed in a row" in paused(bad)
            assert not bad.worker.ready().holds and bad.worker.alive().holds
            assert all("paused" in lane["state"] for lane in bad.worker.ready().details["partitions"] if lane["waiting"])
            await until(lambda: bool(bad.metrics.paused._value.get()))
        wasted = len(await broker.read(NEWS_RAW_DLQ.name))
        assert 10 <= wasted < 200, "what each partition had in hand, and no more"

        async with running_enricher(broker, "enricher", LIGHT_STAGES, BREAKER) as good:
            await until(lambda: stands_still(good, "breaker"))
            assert "PAUSED by breaker: 10 records failed in a row" in (await operator("status")).out.decode()
            assert good.settled == 0, "a pause outlives a restart"
            ended = await operator("group", "resume", "--reason", "mended")
            assert ended.code == 0 and "breaker" in ended.out.decode(), ended
            await until(lambda: good.settled == 400 - wasted)
            assert good.worker.ready().holds
        assert len(await broker.read(NEWS_ENRICHED.name)) == 400 - wasted
    print(f"breaker: {wasted} of 400 records dead-lettered before the group stood still")


async def test_pause_and_resume_by_command_lose_nothing_and_move_no_partition(broker: Broker, tmp_path: Path) -> None:
    operator = Operator(broker, tmp_path)
    async with running_enricher(broker, "enricher") as running:
        await until(lambda: running.worker.ready().holds)
        generation = running.worker._consumer._coordinator.generation
        assert (await operator("group", "pause", "--reason", "диск полон")).code == 0
        await until(lambda: stands_still(running, "operator"))
        await publish(broker, 60)
        assert "PAUSED by operator: диск полон" in (await operator("status")).out.decode()
        assert running.settled == 0
        assert (await operator("group", "resume")).code == 0
        await until(lambda: running.settled == 60)
        assert running.worker._consumer._coordinator.generation == generation
    orders = await operator("tail", NEWS_CONTROL.name, "--from", "beginning", "--json", "--limit", "2")
    assert orders.code == 0 and "диск полон" in orders.out.decode(), orders


async def test_another_groups_orders_are_not_obeyed(broker: Broker, tmp_path: Path) -> None:
    operator = Operator(broker, tmp_path)
    assert (await operator("group", "pause", "--group", "other")).code == 0
    async with running_enricher(broker, "mine") as running:
        await until(lambda: running.worker.ready().holds)
        assert (await operator("group", "pause", "--group", "mine")).code == 0
        await until(lambda: stands_still(running, "operator"))


async def test_without_the_topic_workers_work_and_the_command_says_what_is_missing(tmp_path: Path) -> None:
    async with started_broker() as broker:
        await broker.delete(NEWS_CONTROL.name)
        await publish(broker, 20)
        async with running_enricher(broker, "enricher", (PlainText(), AlwaysEnglish())) as running:
            await until(lambda: running.settled == 20)
        ended = await Operator(broker, tmp_path)("group", "pause")
        assert ended.code == 1 and "newsloom topics apply" in ended.err, ended
