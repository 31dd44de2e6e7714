"""Records that killed workers are found out: begun offsets are counted, and what is under suspicion is handled elsewhere."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.dead_letter import DeadLetter
from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.enricher.isolated import isolated
from services.enricher.offline import offline
from services.enricher.pipeline import Pipeline
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft, Model
from services.runtime.isolation import Handle, Isolation
from services.runtime.starts import note_of, starts_of
from services.runtime.topic_admin import open_admin
from tests.support.bad_input import article
from tests.support.enricher import FAST_SETTINGS, AlwaysEnglish, PlainText, running_enricher
from tests.support.kafka import Broker, started_broker, until

pytestmark = pytest.mark.kafka

SETTINGS = EnricherSettings(**{**FAST_SETTINGS.model_dump(), "batch_max_records": 4})
DEADLY = "這一篇會讓程式崩潰"
PARTITIONS = [TopicPartition(NEWS_RAW.name, number) for number in range(NEWS_RAW.partitions)]


@dataclass(frozen=True)
class Deadly:
    """A text stage that one text crashes as native code would."""

    name: str = "text"
    model: Model = field(default_factory=lambda: Model("deadly", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        if any(DEADLY in (draft.article.text or "") for draft in drafts):
            os.kill(os.getpid(), signal.SIGSEGV)
        return PlainText()(drafts)


def load() -> Handle:
    return isolated(offline(Pipeline((Deadly(), AlwaysEnglish())), SETTINGS.max_body_bytes))


async def publish(broker: Broker, texts: Sequence[str]) -> None:
    """All to one partition: they have one key."""
    key = article_id("https://herald.example/one").encode()
    values = [(key, article(url=f"https://herald.example/{number}", text=text)) for number, text in enumerate(texts)]
    await broker.publish(NEWS_RAW.name, values)


async def begun(broker: Broker, group: str) -> dict[int, tuple[int, int]]:
    """Committed offset and number of starts, by partition."""
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {each.partition: (value.offset, starts_of(value.metadata)) for each, value in found.items()}


async def begin(broker: Broker, group: str, starts: int) -> None:
    """What workers leave behind that died in their first batch."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(PARTITIONS)
        await consumer.commit({partition: (0, note_of(starts)) for partition in PARTITIONS})
    finally:
        await consumer.stop()


async def test_a_start_is_counted_before_the_first_batch_and_forgotten_by_progress() -> None:
    async with started_broker() as broker:
        await publish(broker, ["a"] * 3)
        held, go = asyncio.Event(), asyncio.Event()

        async def at(place: str) -> None:
            if place == "after_handling":
                held.set()
                await go.wait()

        async with running_enricher(broker, "counts", settings=SETTINGS, at=at) as running:
            await asyncio.wait_for(held.wait(), 30)
            async with asyncio.timeout(30):
                while not (counted := [each for each in (await begun(broker, "counts")).values() if each[1]]):
                    await asyncio.sleep(0.05)  # a commit is seen a moment after it was confirmed
            assert counted == [(0, 1)], "only the partition with records counts its start"
            go.set()
            await until(lambda: running.settled == 3)
        assert (3, 0) in (await begun(broker, "counts")).values()


async def test_the_one_record_that_kills_is_dead_lettered_and_its_neighbours_are_enriched() -> None:
    async with started_broker() as broker:
        texts = ["a"] * 5 + [DEADLY] + ["b"] * 40
        await publish(broker, texts)
        await begin(broker, "crashes", starts=2)
        async with (
            Isolation(load, deadline_s=60).running() as isolation,
            running_enricher(broker, "crashes", settings=SETTINGS, isolated=isolation) as running,
        ):
            await until(lambda: running.settled == len(texts))
        (letter,) = await broker.read(NEWS_RAW_DLQ.name)
        enriched = await broker.read(NEWS_ENRICHED.name)
        left = await begun(broker, "crashes")
    told = DeadLetter.from_headers(letter.headers)
    assert (told.error_class, told.offset) == ("crashed_worker", 5) and "SIGSEGV" in (told.message or "")
    assert DEADLY in json.loads(letter.value or b"")["text"] and len(enriched) == len(texts) - 1
    assert (len(texts), 0) in left.values(), "no longer under suspicion"
    print(f"crashed_worker: 1 of {len(texts)} records, its neighbours enriched")


async def test_one_record_a_transaction_while_under_suspicion_then_batches_again() -> None:
    async with started_broker() as broker:
        await publish(broker, ["a"] * 40)
        await begin(broker, "steps", starts=2)
        async with running_enricher(broker, "steps", settings=SETTINGS) as running:
            await until(lambda: running.settled == 40)
            sizes = running.metrics.batch_records._buckets
            assert sizes[0].get() == 16, "four batches' worth, one by one"
            assert sum(bucket.get() for bucket in sizes[1:]) == 6, "then four at a time"
            assert running.metrics.isolated._value.get() == 16
