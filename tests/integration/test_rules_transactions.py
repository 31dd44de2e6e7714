"""How a partition is begun, committed and handed over: rules that keep exactly once, each on a real broker."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.protocol.group import LeaveGroupRequest

from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft, Model
from services.runtime.errors import TransientError
from services.runtime.failpoints import Place
from services.runtime.sink import transactional_id
from services.runtime.topic_admin import open_admin
from tests.support.enricher import FAST_SETTINGS, AlwaysEnglish, PlainText, Running, running_enricher
from tests.support.kafka import Broker, started_broker, until
from tests.support.revisions import Story, repeated

pytestmark = pytest.mark.kafka

GROUP = "rules"


def settings(**changed: object) -> EnricherSettings:
    """The fast settings with some changed."""
    return EnricherSettings(**{**FAST_SETTINGS.model_dump(), **changed})


@dataclass
class Gate:
    """A failpoint that stops the first visitor to a place until it is opened; on the way of a batch, once it is handled."""

    place: Place
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    is_handled: bool = False
    committed: int = 0
    """How many commits have ended since."""

    async def __call__(self, place: Place) -> None:
        self.is_handled |= place == "after_handling"
        is_due = self.is_handled or place == "during_producer_start"
        if place == self.place and is_due and not self.reached.is_set():
            self.reached.set()
            await self.open.wait()
        self.committed += place == "after_commit" and self.reached.is_set()


async def test_committed_offset_is_read_after_the_producer_has_settled_what_was_open() -> None:
    """An owner that is about to commit: read before it is fenced, the offset would be the one before its commit."""
    async with started_broker() as broker:
        story = Story(broker, "settled-first")
        await story.publish(10)
        owner = await open_transaction(broker, story, 4)
        gate = Gate("during_producer_start")
        async with running_enricher(broker, GROUP, at=gate) as running:
            await gate.reached.wait()
            await owner.commit_transaction()
            await owner.stop()
            gate.open.set()
            await until(lambda: running.settled >= 6)
        print(f"an owner committed 4 of 10 while the next one began: {running.settled} were left")
        assert running.settled == 6 and await story.enriched() == story.texts[4:]


async def open_transaction(broker: Broker, story: Story, offset: int) -> AIOKafkaProducer:
    """The partition's producer, in a transaction that moves the group's offset and isn't committed."""
    partition = TopicPartition(NEWS_RAW.name, story.partition)
    name = transactional_id(GROUP, partition)
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=name)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_offsets_to_transaction({partition: offset}, GROUP)
    return producer


async def test_what_was_handled_behind_a_failed_commit_is_handled_again_behind_it() -> None:
    handled, has_failed = 0, False

    async def at(place: Place) -> None:
        nonlocal handled, has_failed
        handled += place == "after_handling"
        if place == "after_send" and handled and not has_failed:
            await until(lambda: handled >= 2)
            has_failed = True
            raise TransientError("not committed, and the next batch is ready")

    async with started_broker() as broker:
        story = Story(broker, "behind")
        await story.publish(15)
        async with running_enricher(broker, GROUP, settings=settings(batch_max_records=5), at=at) as running:
            await until(lambda: running.settled >= 15)
        enriched = await story.enriched()
        print(f"a commit failed with a batch behind it: {len(enriched)} of 15 enriched, {len(repeated(enriched))} twice")
        assert enriched == story.texts


async def test_refused_message_keeps_its_offset_until_the_broker_takes_it() -> None:
    """aiokafka commits a transaction whose produce failed; the record would be gone."""
    async with started_broker() as broker:
        story = Story(broker, "refused")
        await story.publish(3)
        await let_in(broker, 100)  # less than any enriched record
        async with running_enricher(broker, GROUP) as running:
            await until(lambda: restarts(running) >= 2)
            assert await story.enriched() == [] and running.settled == 0
            await let_in(broker, NEWS_ENRICHED.max_message_bytes)
            await until(lambda: running.settled >= 3)
        print(f"3 records, refused {restarts(running)} times, then taken: {len(await story.enriched())} enriched")
        assert await story.enriched() == story.texts


async def let_in(broker: Broker, max_message_bytes: int) -> None:
    """Sets how large a message news.enriched takes."""
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    try:
        config = {"max.message.bytes": str(max_message_bytes)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, NEWS_ENRICHED.name, config)])
    finally:
        await admin.close()


def restarts(running: Running) -> int:
    """How often a partition of a worker began again."""
    return int(running.metrics.restarts._value.get())


async def test_worker_that_lost_its_membership_leaves_the_new_owner_alone() -> None:
    """The group forgets a worker with a batch in hand, which hears of it late: it must not fence the partition's new owner."""
    gate = Gate("after_begin")
    unaware = settings(session_timeout_s=60, heartbeat_interval_s=25)
    async with started_broker() as broker:
        story = Story(broker, "membership")
        await story.publish(5)
        async with running_enricher(broker, GROUP, settings=unaware, at=gate) as old:
            await gate.reached.wait()
            await forget(old)
            async with running_enricher(broker, GROUP) as new:
                await until(lambda: new.worker.ready().holds and new.settled >= 5)
                gate.open.set()
                await until(lambda: restarts(old) >= 1 and is_member(old))
                await story.publish(5)
                await until(lambda: restarts(new) > 0 or (generation(new) == generation(old) and new.settled + old.settled >= 10))
                assert restarts(new) == 0
        print(f"forgotten by the group: began again {restarts(old)} times, the new owner {restarts(new)} times")
        assert await story.enriched() == story.texts


def is_member(running: Running) -> bool:
    """Whether the worker has joined, with every partition that it has in work."""
    return running.worker.ready().holds and generation(running) > 0


def generation(running: Running) -> int:
    """How often the group was put together anew, as this member knows it."""
    number: int = running.worker._consumer._coordinator.generation
    return number


async def forget(running: Running) -> None:
    """Takes a worker out of its group behind its back."""
    coordinator = running.worker._consumer._coordinator
    await coordinator._send_req(LeaveGroupRequest(coordinator.group_id, coordinator.member_id))


async def test_commit_that_runs_may_end_before_its_partition_is_handed_over() -> None:
    async with started_broker() as broker:
        story, gate = Story(broker, "handed-over"), Gate("after_send")
        await story.publish(5)
        async with running_enricher(broker, GROUP, at=gate) as first:
            await gate.reached.wait()
            async with running_enricher(broker, GROUP) as second:
                await until(lambda: first.worker._consumer._coordinator._rejoin_needed_fut.done())
                assert gate.committed == 0
                gate.open.set()
                await until(lambda: second.worker.ready().holds and is_member(first))
                done = gate.committed
        print(f"a commit was running when the partition was taken: it ended ({done}), and {second.settled} came again")
        assert done == 1 and second.settled == 0 and await story.enriched() == story.texts


@dataclass(frozen=True)
class Slow:
    """A stage that takes its time with each batch."""

    takes_s: float
    name: str = "language"
    model: Model = field(default_factory=lambda: Model("slow", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        time.sleep(self.takes_s)  # in the inference thread
        return AlwaysEnglish()(drafts)


async def test_slow_stage_holds_no_transaction_open() -> None:
    """Slower than the broker lets a transaction be: open during the work, each would be aborted."""
    quick = settings(transaction_timeout_s=2)
    async with started_broker() as broker:
        story = Story(broker, "slow")
        await story.publish(2)
        async with running_enricher(broker, GROUP, (PlainText(), Slow(4.0)), settings=quick) as running:
            await until(lambda: running.settled >= 2 or restarts(running) > 0)
        print(f"a stage of 4 s, transactions of at most 2 s: {restarts(running)} begun again")
        assert restarts(running) == 0 and await story.enriched() == story.texts


async def test_commit_that_takes_longer_than_its_transaction_may_begins_again_and_writes_once() -> None:
    gate = Gate("after_offsets")
    async with started_broker() as broker:
        story = Story(broker, "too-long")
        await story.publish(5)
        async with running_enricher(broker, GROUP, settings=settings(transaction_timeout_s=2), at=gate) as running:
            await gate.reached.wait()  # and never let through: only the deadline ends it
            await until(lambda: restarts(running) >= 1 and running.settled >= 5, 20)
        enriched = await story.enriched()
        print(f"a commit held past its deadline: {len(enriched)} enriched, {len(repeated(enriched))} twice")
        assert enriched == story.texts
