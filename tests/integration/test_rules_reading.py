"""What the worker reads and from where: rules whose loss no ordinary run would show, each on a real broker."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import NEWS_RAW
from services.enricher.settings import EnricherSettings
from services.runtime.errors import TransientError
from services.runtime.failpoints import Place
from tests.support.bad_input import article
from tests.support.enricher import FAST_SETTINGS, running_enricher
from tests.support.kafka import Broker, publish_unreadable, started_broker, until
from tests.support.revisions import Story

pytestmark = pytest.mark.kafka


async def test_new_partitions_are_held_until_their_producers_have_started(broker: Broker) -> None:
    arrived, go_on = 0, asyncio.Event()

    async def at(place: Place) -> None:
        nonlocal arrived
        if place == "during_producer_start":
            arrived += 1
            await go_on.wait()

    story = Story(broker, "held")
    await story.publish(5)
    async with running_enricher(broker, "held", at=at) as running:
        await until(lambda: arrived == NEWS_RAW.partitions)
        consumer = running.worker._consumer
        held, assigned = consumer.paused(), consumer.assignment()
        go_on.set()
        await until(lambda: running.settled >= 5 and not consumer.paused())
    print(f"held {len(held)} of {len(assigned)} partitions while their producers started, then none")
    assert held == assigned and len(held) == NEWS_RAW.partitions


async def test_what_was_fetched_before_a_partition_began_again_is_dropped(broker: Broker) -> None:
    """A fetch is held while the partition begins again at the committed offset: its records would be a gap."""
    fetched, failed, offer = 0, asyncio.Event(), asyncio.Event()

    async def at(place: Place) -> None:
        nonlocal fetched
        if place == "after_fetch":
            fetched += 1
            if fetched == 2:
                await offer.wait()
        if place == "after_handling" and not failed.is_set():
            await until(lambda: fetched == 2)
            failed.set()
            raise TransientError("begin again")

    story = Story(broker, "old-session")
    latest = EnricherSettings(**{**FAST_SETTINGS.model_dump(), "start_from": "latest"})
    async with running_enricher(broker, "old-session", settings=latest, at=at) as running:
        await until(lambda: running.worker.ready().holds)
        await story.publish(1)
        await until(lambda: fetched == 1)
        await story.publish(9)
        await failed.wait()
        await until(lambda: not running.worker.ready().holds)
        await until(lambda: running.worker.ready().holds)
        offer.set()
        await until(lambda: running.settled >= 10)
    print(f"a fetch held over a restart: {len(await story.enriched())} of 10 enriched, in order")
    assert await story.enriched() == story.texts


async def test_records_of_an_aborted_transaction_are_no_articles(broker: Broker) -> None:
    story = Story(broker, "aborted")
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id="a scraper")
    await producer.start()
    try:
        await producer.begin_transaction()
        for number in range(10):
            await producer.send_and_wait(NEWS_RAW.name, article(url=story.url, text=f"Aborted {number}"), key=story.key)
        await producer.abort_transaction()
    finally:
        await producer.stop()
    await story.publish(3)
    async with running_enricher(broker, "aborted"):
        async with asyncio.timeout(30):
            while story.texts[-1] not in (enriched := await story.enriched()):
                await asyncio.sleep(0.1)
    print(f"10 aborted and 3 committed records on news.raw: {len(enriched)} enriched")
    assert enriched == story.texts


async def test_record_that_cannot_be_read_costs_no_record_of_another_partition() -> None:
    """The client moves its positions for records that it then never returns, because another partition's raised."""
    fetched, go_on = asyncio.Event(), asyncio.Event()

    async def at(place: Place) -> None:
        if place == "after_fetch":
            fetched.set()
            await go_on.wait()

    async with started_broker() as broker:
        stories = {story.partition: story for story in (Story(broker, f"beside/{number}") for number in range(20))}
        assert len(stories) == NEWS_RAW.partitions
        bad, *others = stories.values()
        await bad.publish(1)
        async with running_enricher(broker, "beside", at=at) as running:
            await fetched.wait()
            waiting = running.worker._consumer._fetcher._records  # the client fetches on while nobody asks it
            for story in others:
                await story.publish(30)
            await until(lambda: len(waiting) == len(others))
            await publish_unreadable(broker, NEWS_RAW.name, bad.partition)
            await until(lambda: len(waiting) == len(stories))
            go_on.set()
            await until(lambda: running.settled >= 1 + 30 * len(others), 30)
        for story in others:
            assert await story.enriched() == story.texts
    print(f"an unreadable record on one partition: {30 * len(others)} of {30 * len(others)} of the others enriched")


async def test_where_a_new_group_begins_is_committed_before_its_first_record(broker: Broker) -> None:
    """Else a group that begins at the end, and stops before its first record, would skip what comes until its next start."""
    latest = EnricherSettings(**{**FAST_SETTINGS.model_dump(), "start_from": "latest"})
    async with running_enricher(broker, "begins", settings=latest) as running:
        await until(lambda: running.worker.ready().holds)
    story = Story(broker, "begins")
    await story.publish(5)
    async with running_enricher(broker, "begins", settings=latest) as again:
        await until(lambda: again.worker.ready().holds)
        await until(lambda: again.settled >= 5, 15)
    print("published while a new group was away: 5 of 5 enriched")
    assert again.settled == 5


async def test_nothing_but_the_worker_commits_an_offset(broker: Broker) -> None:
    """The client's own commits, by time or when it stops, would pass records that are still worked on."""
    begun = asyncio.Event()

    async def at(place: Place) -> None:
        if place == "after_handling":
            begun.set()
            await asyncio.Event().wait()

    story, settings = Story(broker, "own-commits"), FAST_SETTINGS.model_dump()
    latest = EnricherSettings(**{**settings, "start_from": "latest", "stop_deadline_s": 1})
    async with running_enricher(broker, "own-commits", settings=latest, at=at) as running:
        await until(lambda: running.worker.ready().holds)
        partition = TopicPartition(NEWS_RAW.name, story.partition)
        before = await committed(broker, "own-commits", partition)
        await story.publish(5)
        await begun.wait()
    assert await committed(broker, "own-commits", partition) == before
    print("a worker stopped with 5 records in hand: the offset stayed")


async def committed(broker: Broker, group: str, partition: TopicPartition) -> int | None:
    """The offset that a group has committed."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        offset: int | None = await consumer.committed(partition)
        return offset
    finally:
        await consumer.stop()
