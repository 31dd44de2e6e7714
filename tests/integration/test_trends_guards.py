"""The guards around Faust (docs/decisions/0009), each against a real broker."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from schemas.topics import NEWS_TRENDS, NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS, Topic
from services.runtime.errors import ConfigurationError
from services.runtime.settings import KafkaSettings
from services.runtime.topic_admin import ensure_topic, open_admin, partition_counts
from services.trends.app import prepare_topics
from services.trends.faust_app import new_app
from services.trends.sending import Send, send_all
from services.trends.settings import TrendsSettings
from services.trends.stage import ends, run_stage
from services.trends.table import PartitionTable, Revoked
from tests.support.gateway_process import free_port
from tests.support.kafka import Broker, until

pytestmark = pytest.mark.kafka


@dataclass
class Stage:
    """A stage that does what the test says with each batch of values."""

    act: Callable[["Stage", Sequence[Any]], Awaitable[None]]
    app: Any = None
    table: Any = None
    seen: list[bytes | None] = field(default_factory=list)
    name: str = "test"

    async def handle(self, events: Sequence[Any]) -> None:
        self.seen += [event.message.value for event in events]
        await self.act(self, events)

    def done(self, events: Sequence[Any]) -> None:
        for tp, (offset, generation) in ends(events).items():
            self.app.consumer.done(tp, offset, generation)


@dataclass
class Running:
    """A started application with one stage over a topic of one partition."""

    app: Any
    table: PartitionTable
    stage: Stage
    topic: str
    group: str
    failed: "asyncio.Future[None]"

    @property
    def tp(self) -> TP:
        return TP(self.topic, 0)


@contextlib.asynccontextmanager
async def running(
    broker: Broker, folder: Path, act: Callable[[Stage, Sequence[Any]], Awaitable[None]], topic: str, group: str = ""
) -> AsyncIterator[Running]:
    """Runs the stage until the block ends."""
    group = group or f"guards-{uuid.uuid4()}"
    settings = TrendsSettings(group=group, data_dir=folder, web_port=free_port(), session_timeout_s=6.0)
    app = new_app(broker.bootstrap_servers, KafkaSettings(), settings, folder, 1)
    stage = Stage(act, app)
    stage.table = table = PartitionTable(app, "things", 1)
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def agent(stream: Any) -> None:
        await run_stage(app, stage, stream, 10, 0.05, failed)

    app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw", allow_empty=True), name="test", concurrency=1)(agent)
    await app.start()
    try:
        yield Running(app, table, stage, topic, group, failed)
    finally:
        await app.stop()


async def new_topic(broker: Broker) -> str:
    """A topic of one partition."""
    topic: Topic = replace(NEWS_TRENDS_ARTICLES, name=f"guards.{uuid.uuid4()}")
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    await ensure_topic(admin, topic)
    await admin.close()
    return topic.name


async def committed(broker: Broker, group: str, topic: str) -> int | None:
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    offsets = await admin.list_consumer_group_offsets(group)
    await admin.close()
    found = offsets.get(TopicPartition(topic, 0))
    return None if found is None else int(found.offset)


async def finish(stage: Stage, events: Sequence[Any]) -> None:
    stage.done(events)


async def finish_nothing(_stage: Stage, _events: Sequence[Any]) -> None:
    pass


async def keep(stage: Stage, events: Sequence[Any]) -> None:
    await stage.table.write(0, [(event.message.key, event.message.value) for event in events], events[0].message.generation_id)
    stage.done(events)


def numbered(count: int) -> list[tuple[bytes, bytes]]:
    return [(b"key %d" % number, b"value %d" % number) for number in range(count)]


async def test_aborted_records_are_not_read(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=str(uuid.uuid4()))
    await producer.start()
    for word, is_kept in ((b"kept", True), (b"aborted", False), (b"kept too", True)):
        await producer.begin_transaction()
        await producer.send(topic, word)
        await (producer.commit_transaction() if is_kept else producer.abort_transaction())
    await producer.stop()
    async with running(broker, tmp_path, finish, topic) as run:
        await until(lambda: b"kept too" in run.stage.seen)
    assert run.stage.seen == [b"kept", b"kept too"]


async def test_tombstones_and_bytes_that_are_no_text_come_as_they_are(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, [(b"a", None), (b"\xff\xfe", b"\xff\x00"), (None, "أذربيجان".encode())])
    async with running(broker, tmp_path, finish, topic) as run:
        await until(lambda: len(run.stage.seen) == 3)
    assert run.stage.seen == [None, b"\xff\x00", "أذربيجان".encode()]


async def test_only_what_is_done_is_committed(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, numbered(40))

    async def finish_the_first_batch(stage: Stage, events: Sequence[Any]) -> None:
        if events[0].message.offset == 0:
            stage.done(events[:7])

    async with running(broker, tmp_path, finish_the_first_batch, topic) as run:
        await until(lambda: len(run.stage.seen) == 40)
        await run.app.consumer.commit()
    assert await committed(broker, run.group, topic) == 7
    async with running(broker, tmp_path, finish, topic, run.group) as again:
        await until(lambda: len(again.stage.seen) == 33)
    assert again.stage.seen[0] == b"value 7"
    assert await committed(broker, run.group, topic) == 40


async def test_done_of_an_ended_generation_is_ignored(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, numbered(5))
    async with running(broker, tmp_path, finish_nothing, topic) as run:
        await until(lambda: len(run.stage.seen) == 5)
        generation = run.app.consumer_generation_id
        run.app.consumer.done(run.tp, 5, generation - 1)
        assert run.app.consumer.finished(run.tp) == 0
        run.app.consumer.done(run.tp, 4, generation)
        assert run.app.consumer.finished(run.tp) == 4


async def test_a_failing_stage_ends_the_process_and_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, numbered(30))

    async def fail_at_twelve(stage: Stage, events: Sequence[Any]) -> None:
        if any(event.message.value == b"value 12" for event in events):
            raise ValueError("a bug")
        stage.done(events)

    async with running(broker, tmp_path, fail_at_twelve, topic) as run:
        await until(run.failed.done)
        assert isinstance(run.failed.exception(), ValueError)
        seen = len(run.stage.seen)
        await broker.publish(topic, numbered(1))
        await run.app.consumer.commit()
        assert len(run.stage.seen) == seen, "Faust started the stage again"
    at = await committed(broker, run.group, topic)
    assert at is not None and at <= 12
    async with running(broker, tmp_path, finish, topic, run.group) as again:
        await until(lambda: len(again.stage.seen) == 31 - at)


async def test_changelog_comes_first(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, numbered(3))
    held = asyncio.Event()
    asked: list[Send] = []

    async def hold(producer: Any, sends: Sequence[Send]) -> list[int]:
        asked.extend(sends)
        await held.wait()
        return await send_all(producer, sends)

    monkeypatch.setattr("services.trends.table.send_all", hold)
    async with running(broker, tmp_path, keep, topic) as run:
        await until(lambda: len(asked) == 3)
        assert list(run.table.items(0)) == []
        assert run.table.position(0) == -1
        held.set()
        await until(lambda: run.table.position(0) == 2)
        assert list(run.table.items(0)) == numbered(3)
    assert [(record.key, record.value) for record in await broker.read(run.table.changelog)] == numbered(3)


async def test_a_table_comes_back_from_its_folder_and_from_its_changelog(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, [*numbered(50), (b"key 7", None), (b"key 8", b"newer")])
    async with running(broker, tmp_path / "one", keep, topic) as run:
        await until(lambda: run.table.position(0) == 51)
        kept = dict(run.table.items(0))
    assert kept == {key: value for key, value in {**dict(numbered(50)), b"key 8": b"newer"}.items() if key != b"key 7"}
    for folder in ("one", "another"):
        async with running(broker, tmp_path / folder, keep, topic, run.group) as again:
            await until(lambda: not again.app.rebalancing and again.table.here() == (0,))
            assert dict(again.table.items(0)) == kept
            assert again.stage.seen == []


async def test_what_was_in_work_when_the_partition_went_is_dropped(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, numbered(3))
    async with running(broker, tmp_path, finish_nothing, topic) as run:
        await until(lambda: len(run.stage.seen) == 3)
        with pytest.raises(Revoked):
            await run.table.write(0, [(b"key", b"stale")], run.app.consumer_generation_id - 1)
        with pytest.raises(Revoked):
            run.table.get(7, b"of a partition that is elsewhere")
    assert await broker.read(run.table.changelog) == []


async def test_changelogs_are_made_like_our_topics(broker: Broker) -> None:
    group = f"guards-{uuid.uuid4()}"
    assert await prepare_topics(broker.bootstrap_servers, broker.settings, group) == (1, NEWS_TRENDS_MENTIONS.partitions)
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    counts = await partition_counts(admin)
    name = f"{group}-counters-changelog"
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    await admin.close()
    assert (counts[f"{group}-articles-changelog"], counts[name]) == (1, NEWS_TRENDS_MENTIONS.partitions)
    settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert (settings["cleanup.policy"], settings["retention.ms"]) == ("compact", "-1")


async def test_missing_topics_are_named(broker: Broker) -> None:
    await broker.delete(NEWS_TRENDS.name)
    with pytest.raises(ConfigurationError, match=r"news\.trends; run newsloom topics apply"):
        await prepare_topics(broker.bootstrap_servers, broker.settings, "guards")


async def test_the_producer_is_idempotent(broker: Broker, tmp_path: Path) -> None:
    topic = await new_topic(broker)
    async with running(broker, tmp_path, finish_nothing, topic) as run:
        assert run.app.producer._producer._txn_manager is not None
        assert run.app.producer._producer._sender._acks == -1


async def test_a_failed_commit_is_tried_again(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = await new_topic(broker)
    await broker.publish(topic, numbered(3))
    async with running(broker, tmp_path, finish, topic) as run:
        client = run.app.consumer._thread._ensure_consumer()
        original, tries = client.commit, []

        async def refuse_once(offsets: Any) -> None:
            tries.append(offsets)
            if len(tries) == 1:
                raise KafkaConnectionError("the broker is away")
            await original(offsets)

        monkeypatch.setattr(client, "commit", refuse_once)
        await until(lambda: len(tries) >= 2)
        assert not run.app._crashed.is_set()
    assert await committed(broker, run.group, topic) == 3


async def test_nothing_is_handled_before_the_tables_are_back(broker: Broker, tmp_path: Path) -> None:
    """A second worker comes and goes while the first is busy; each sees whole tables, and each record after those before it."""
    topic = await new_topic(broker)
    handled: list[int] = []
    wrong: list[str] = []

    async def look(stage: Stage, events: Sequence[Any]) -> None:
        app, table = stage.app, stage.table
        generation = events[0].message.generation_id
        if app.in_recovery or app.rebalancing:
            wrong.append(f"offset {events[0].message.offset} while the tables were read back")
        next_offset = int(table.get(0, b"next") or b"0")
        if events[0].message.offset > next_offset:
            wrong.append(f"offset {events[0].message.offset} before {next_offset}")
        await asyncio.sleep(0.02)
        end = max(next_offset, events[-1].message.offset + 1)
        await table.write(0, [(b"next", b"%d" % end)], generation)
        handled.append(end)
        stage.done(events)

    await broker.publish(topic, numbered(3_000))
    async with running(broker, tmp_path / "one", look, topic) as one:
        await until(lambda: bool(handled))
        for number in range(2):
            async with running(broker, tmp_path / f"other{number}", look, topic, one.group) as other:
                await until(lambda: not other.app.rebalancing and not one.app.rebalancing)
                await asyncio.sleep(0.3)
        await until(lambda: handled[-1] == 3_000)
    print(f"3,000 records in {len(handled)} batches over 5 generations")
    assert wrong == []
