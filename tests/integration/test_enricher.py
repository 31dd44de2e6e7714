"""The enricher on a real broker: one outcome per record, whatever comes in."""

import asyncio
import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from schemas.codec import decode_enriched
from schemas.dead_letter import DeadLetter
from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.enricher.assets import open_assets
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft, Model, Stage
from services.enricher.stages import language, text
from services.runtime.errors import TransientError
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION, Outcome
from services.runtime.sink import NewPartitionSink, idempotent_sinks
from tests.support.bad_input import BAD, WARNED, article
from tests.support.enricher import FAST_SETTINGS, LIGHT_STAGES, MAX_REQUEST_BYTES, AlwaysEnglish, PlainText, running_enricher
from tests.support.kafka import Broker, Records, publish_unreadable, started_broker, until

pytestmark = pytest.mark.kafka

Origin = tuple[int, int]


def key_of(url: str) -> bytes:
    """The key of an article on news.raw."""
    return article_id(url).encode()


def origin(record: ConsumerRecord[bytes | None, bytes | None]) -> Origin:
    """The partition and offset of news.raw that an output record names."""
    headers = dict(record.headers)
    return int(headers[ORIGIN_PARTITION]), int(headers[ORIGIN_OFFSET])


async def outputs(broker: Broker) -> tuple[Records, Records]:
    """Everything on news.enriched and on the dead-letter topic."""
    return await broker.read(NEWS_ENRICHED.name), await broker.read(NEWS_RAW_DLQ.name)


def real_edges() -> tuple[Stage, ...]:
    """The real text and language stages, which decide what is an article; without the encoder."""
    assets = open_assets()
    return text.load(assets), language.load(assets)


async def test_every_kind_of_input_has_exactly_one_outcome_and_the_worker_carries_on() -> None:
    warned = [article(url=f"https://herald.example/{f}/{i}", **{f: v}) for f, vs in WARNED.items() for i, v in enumerate(vs)]
    unknown = article(url="https://herald.example/unknown", embargo={"until": [2030]})
    wordless = [
        article(url=f"https://herald.example/und/{i}", text=t) for i, t in enumerate(("😀🎉😀", "1234 5678 90", "١٢٣ ۴۵۶"))
    ]
    large = article(url="https://herald.example/large", text="Flood in Kisumu. " * 600_000)
    good = [*warned, unknown, *wordless, large]
    values: list[tuple[bytes | None, bytes | None]] = [(b"k%d" % i, bad.value) for i, bad in enumerate(BAD)]
    values += [(key_of(json.loads(value)["url"]), value) for value in good]
    values += [(key_of("https://herald.example/gone"), None), (b"https://herald.example/gone-too", None), (b"no article", None)]
    values += [(None, article(url="https://herald.example/no-key"))]
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, values)
        async with running_enricher(broker, "bad-input", real_edges()) as running:
            await until(lambda: running.settled >= len(values))
        raw = {(r.partition, r.offset): r for r in await broker.read(NEWS_RAW.name)}
        enriched, dead = await outputs(broker)

    assert sorted(origin(r) for r in enriched + dead) == sorted(raw), "each input once, none twice"
    letters = {raw[origin(r)].value: (r, DeadLetter.from_headers(r.headers)) for r in dead}
    assert {bad.name: letters[bad.value][1].error_class for bad in BAD} == {bad.name: bad.error_class for bad in BAD}
    for record, letter in letters.values():
        original = raw[letter.partition, letter.offset]
        assert (record.key, record.value) == (original.key, original.value), "key and bytes untouched"
        assert letter.topic == NEWS_RAW.name and letter.source_timestamp == original.timestamp
    assert letters[None][1].error_class == "invalid_key" and len(dead) == len(BAD) + 1

    withdrawn = {r.key for r in enriched if r.value is None}
    assert withdrawn == {key_of("https://herald.example/gone"), key_of("https://herald.example/gone-too")}
    articles = {a.url: a for a in (decode_enriched(r.value) for r in enriched if r.value is not None)}
    assert len(articles) == len(good) + 1
    for name, bad_values in WARNED.items():
        for i in range(len(bad_values)):
            assert name in {w.field.split(".")[0] for w in articles[f"https://herald.example/{name}/{i}"].warnings}
    assert articles["https://herald.example/unknown"].warnings == ()
    assert {articles[f"https://herald.example/und/{i}"].language.tag for i in range(3)} == {"und"}
    assert len(articles["https://herald.example/large"].text) > 10_000_000
    assert articles["https://herald.example/large"].annotations["language"].status == "truncated"


async def test_publishing_twice_gives_the_same_key_and_the_same_bytes(broker: Broker) -> None:
    urls = [f"https://herald.example/twice/{i}" for i in range(20)]
    values = [
        (key_of(url), article(url=url, title=f"Überschwemmung {i}", collected_at="2025-03-10T00:00:00Z"))
        for i, url in enumerate(urls)
    ]
    await broker.publish(NEWS_RAW.name, [*values, *values])
    async with running_enricher(broker, "twice", LIGHT_STAGES) as running:
        await until(lambda: running.settled >= 40)
    by_key: dict[bytes | None, list[bytes | None]] = {}
    for record in (await outputs(broker))[0]:
        by_key.setdefault(record.key, []).append(record.value)
    for url in urls:
        first, second = by_key[key_of(url)]
        assert first == second and first is not None


async def test_restart_goes_on_where_the_last_commit_was(broker: Broker) -> None:
    before = await broker.end_offset(NEWS_RAW.name)
    for batch in range(3):
        urls = [f"https://herald.example/restart/{batch}/{i}" for i in range(30)]
        await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in urls])
        async with running_enricher(broker, "restart") as running:
            expected = 30 + (before if batch == 0 else 0)
            await until(lambda running=running, expected=expected: running.settled >= expected)  # type: ignore[misc]
            assert running.settled == expected


async def test_records_of_one_key_keep_their_order(broker: Broker) -> None:
    url = "https://herald.example/order"
    await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url, text=f"Version {i}")) for i in range(200)])
    settings = EnricherSettings(**{**FAST_SETTINGS.model_dump(), "batch_max_records": 7})
    async with running_enricher(broker, "order", settings=settings) as running:
        end = await broker.end_offset(NEWS_RAW.name)
        await until(lambda: running.settled >= end)
    texts = [decode_enriched(r.value).text for r in (await outputs(broker))[0] if r.key == key_of(url) and r.value]
    assert texts == [f"Version {i}" for i in range(200)]


@dataclass
class Flaky:
    """A language stage that can't work for its first calls, and raises on one article for good."""

    failures: int
    name: str = "language"
    model: Model = field(default_factory=lambda: Model("flaky", "1"))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        with self.lock:
            if self.failures:
                self.failures -= 1
                raise TransientError("the model server is away")
        if any(draft.text == "Poison" for draft in drafts):
            raise ZeroDivisionError
        return AlwaysEnglish()(drafts)


async def test_what_may_recover_is_retried_and_a_poisonous_article_costs_only_itself() -> None:
    urls = [f"https://herald.example/flaky/{i}" for i in range(12)]
    values = [(key_of(url), article(url=url, text="Poison" if i == 5 else "Text")) for i, url in enumerate(urls)]
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, values)
        async with running_enricher(broker, "flaky", (PlainText(), Flaky(failures=3))) as running:
            await until(lambda: running.settled >= 12)
        enriched, dead = await outputs(broker)
    assert len(enriched) == 11
    (letter,) = [DeadLetter.from_headers(r.headers) for r in dead]
    assert (letter.error_class, letter.stage, letter.exception) == ("stage_failed", "language", "ZeroDivisionError")


class _LosesDeliveries:
    """A sink whose first commits fail after the messages were handed over, as when a broker goes away."""

    def __init__(self, inner: NewPartitionSink, failures: int) -> None:
        self._inner, self.failures, self.sinks = inner, failures, 0

    def __call__(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> "object":
        sink, outer = self._inner(consumer, partition), self
        self.sinks += 1
        commit = sink.commit

        async def failing(outcomes: Sequence[Outcome], next_offset: int, note: str = "") -> None:
            if outer.failures:
                outer.failures -= 1
                raise TransientError("not confirmed")
            await commit(outcomes, next_offset, note)

        sink.commit = failing  # type: ignore[method-assign]
        return sink


async def test_unconfirmed_delivery_commits_nothing_and_begins_again_with_a_new_producer() -> None:
    urls = [f"https://herald.example/lost/{i}" for i in range(50)]
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in urls])
        lossy = _LosesDeliveries(idempotent_sinks(broker.bootstrap_servers, broker.settings, MAX_REQUEST_BYTES), 3)
        async with running_enricher(broker, "lossy", new_sink=lossy) as running:  # type: ignore[arg-type]
            await until(lambda: running.settled >= 50)
        enriched, _ = await outputs(broker)
    assert {r.key for r in enriched} == {key_of(url) for url in urls}
    assert lossy.sinks >= 4 + 3


async def test_two_workers_share_the_partitions_and_hand_over(broker: Broker) -> None:
    before = await broker.end_offset(NEWS_RAW.name)
    async with running_enricher(broker, "shared") as first:
        await until(lambda: first.settled >= before)
        async with running_enricher(broker, "shared") as second:
            await until(lambda: len(second.worker.ready().details["partitions"]) == 2 and second.worker.ready().holds)
            await until(lambda: len(first.worker.ready().details["partitions"]) == 2 and first.worker.ready().holds)
            urls = [f"https://herald.example/shared/{i}" for i in range(100)]
            await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in urls])
            await until(lambda: first.settled + second.settled >= before + 100)
            assert second.settled > 0
        await until(lambda: len(first.worker.ready().details["partitions"]) == 4 and first.worker.ready().holds)
        more = [f"https://herald.example/shared-2/{i}" for i in range(40)]
        await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in more])
        await until(lambda: first.settled + second.settled >= before + 140)
    assert first.settled + second.settled == before + 140


async def test_offset_that_the_broker_no_longer_has_stops_that_partition_with_a_named_reason() -> None:
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, [(key_of("https://herald.example/x"), article(url="https://herald.example/x"))])
        (record,) = await broker.read(NEWS_RAW.name)
        await _commit(broker, "beyond", {TopicPartition(NEWS_RAW.name, record.partition): 1_000})
        async with running_enricher(broker, "beyond") as running:
            await until(lambda: "out of range" in _state(running.worker.ready().details, record.partition))
            others = [p for p in range(4) if p != record.partition]
            await until(lambda: all(_state(running.worker.ready().details, p) == "running" for p in others))
            assert not running.worker.ready().holds
            assert running.worker.alive().holds


async def test_record_that_the_client_cannot_read_stops_its_partition_alone_and_names_the_offset() -> None:
    url = "https://herald.example/before"
    async with started_broker() as broker:
        await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url))])
        (before,) = await broker.read(NEWS_RAW.name)
        await publish_unreadable(broker, NEWS_RAW.name, before.partition)
        async with running_enricher(broker, "unreadable") as running:
            reason = "unreadable record at offset 1: UnicodeDecodeError"
            await until(lambda: _state(running.worker.ready().details, before.partition) == reason)
            urls = [f"https://herald.example/others/{i}" for i in range(40)]
            await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in urls])
            partitions = [DefaultPartitioner()(key_of(url), [0, 1, 2, 3], [0, 1, 2, 3]) for url in urls]
            others = [p for p in partitions if p != before.partition]
            await until(lambda: running.settled >= 1 + len(others))
            assert running.settled == 1 + len(others), "nothing of other partitions was lost, nothing behind the record was read"
            assert running.worker.alive().holds


async def _commit(broker: Broker, group: str, offsets: dict[TopicPartition, int]) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await consumer.stop()


def _state(details: dict[str, object], partition: int) -> str:
    partitions = details["partitions"]
    assert isinstance(partitions, list)
    return next((str(each["state"]) for each in partitions if each["partition"] == partition), "")


async def test_stopping_commits_the_batch_in_hand_and_drops_the_rest(broker: Broker) -> None:
    began, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    @dataclass(frozen=True)
    class Slow:
        name: str = "language"
        model: Model = field(default_factory=lambda: Model("slow", "1"))

        def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
            loop.call_soon_threadsafe(began.set)
            assert go_on.wait(30)
            return AlwaysEnglish()(drafts)

    urls = [f"https://herald.example/stop/{i}" for i in range(300)]
    await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in urls])
    async with running_enricher(broker, "stop", (PlainText(), Slow())) as running:
        await began.wait()
        running.stop.set()
        go_on.set()
        await running.task
    done = running.settled
    end = await broker.end_offset(NEWS_RAW.name)
    assert 0 < done < end
    async with running_enricher(broker, "stop") as again:
        await until(lambda: again.settled >= end - done)
    assert again.settled == end - done, "nothing lost, and nothing of what was committed came again"


async def test_a_worker_that_is_started_before_its_broker_waits_for_it() -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    urls = [f"https://herald.example/early/{i}" for i in range(10)]
    async with running_enricher(Broker(f"127.0.0.1:{port}"), "early") as running, started_broker(port=port) as broker:
        assert not running.task.done() and running.worker.alive().holds
        await broker.publish(NEWS_RAW.name, [(key_of(url), article(url=url)) for url in urls])
        await until(lambda: running.settled == 10)
        running.stop.set()
        await running.task


async def test_a_worker_that_never_met_its_broker_stops_when_asked_and_leaves_nothing_open() -> None:
    async with running_enricher(Broker("127.0.0.1:1"), "nobody") as running:
        running.stop.set()
        await asyncio.wait_for(running.task, 20)
    assert running.worker._consumer._closed
