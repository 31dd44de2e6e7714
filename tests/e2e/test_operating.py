"""The operator's commands against a real broker: what is published can be seen, exported and counted."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_ENRICHED_DLQ, NEWS_RAW, NEWS_RAW_DLQ, TOPICS
from services.runtime.sink import new_producer
from services.runtime.topic_admin import open_admin
from tests.support.command import ROOT, Ended, newsloom, said
from tests.support.fetched import dead_letter_record
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

SEEDS = str(ROOT / "seeds/articles.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of the commands, and where they run."""
    return tmp_path


async def run(broker: Broker, folder: Path, *arguments: str, standard_input: bytes = b"") -> Ended:
    env = {"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    return await asyncio.to_thread(newsloom, *arguments, data=folder, standard_input=standard_input, env=env)


def line(number: int, text: str = "خبر") -> bytes:
    return json.dumps({"url": f"https://{text}.example/{number}", "text": text}, ensure_ascii=False).encode()


async def test_topics_are_applied_once_and_listed(broker: Broker, folder: Path) -> None:
    applied = await run(broker, folder, "topics", "apply")
    listed = await run(broker, folder, "topics", "list")
    assert (applied.code, applied.lines) == (0, ["nothing to do: all topics are there"])
    assert [row.split("\t")[:2] for row in listed.lines[1:]] == [[topic.name, str(topic.partitions)] for topic in TOPICS.values()]


async def test_dead_letters_of_the_trends_are_listed_and_shown_but_not_decided_about(broker: Broker, folder: Path) -> None:
    letter = dead_letter_record(b"k", '{"title": "समाचार 🌊"}'.encode())
    producer = new_producer(broker.bootstrap_servers, broker.settings, 1_000_000)
    await producer.start()
    try:
        sent = await producer.send_and_wait(
            NEWS_ENRICHED_DLQ.name, key=letter.key, value=letter.value, headers=list(letter.headers)
        )
    finally:
        await producer.stop()
    place = f"{sent.partition}:{sent.offset}"
    listed = await run(broker, folder, "dlq", "list", "--topic", NEWS_ENRICHED_DLQ.name, "--json")
    assert [(each["dead_letter"], each["error_class"], each["state"]) for each in map(json.loads, listed.lines)] == [
        (place, "invalid_utf8", "open")
    ]
    shown = await run(broker, folder, "dlq", "show", place, "--value", "--topic", NEWS_ENRICHED_DLQ.name)
    assert shown.out == letter.value
    elsewhere = await run(broker, folder, "dlq", "list", "--topic", NEWS_ENRICHED.name)
    assert elsewhere.code == 2 and "has no dead letters: one of news.enriched.dlq, news.raw.dlq" in elsewhere.err


async def test_what_is_published_is_keyed_and_what_is_no_article_is_refused(broker: Broker, folder: Path) -> None:
    before = await broker.end_offset(NEWS_RAW.name)
    data = b"\n".join([line(1), b"\xff", b"", b"{}", line(2, "नमस्ते")])
    published = await run(broker, folder, "publish", "-", standard_input=data)
    assert published.code == 1
    assert published.lines[0].startswith("published 2 records to news.raw in ")
    assert published.lines[0].endswith("refused 2 inputs")
    assert [text.split(": ")[:2] for text in said(published)] == [
        ["standard input:2", "invalid_utf8"],
        ["standard input:4", "invalid_url"],
    ]
    by_key = {record.key: record.value for record in await broker.read(NEWS_RAW.name)}
    assert await broker.end_offset(NEWS_RAW.name) == before + 2
    assert by_key[article_id("https://नमस्ते.example/2").encode()] == line(2, "नमस्ते")


async def test_publishing_twice_gives_the_same_ids_and_repeating_gives_new_ones(broker: Broker, folder: Path) -> None:
    before = {record.key for record in await broker.read(NEWS_RAW.name)}
    for _ in range(2):
        assert (await run(broker, folder, "publish", SEEDS, "--repeat", "3")).code == 0
    keys = [record.key for record in await broker.read(NEWS_RAW.name) if record.key not in before]
    seeds = len(Path(SEEDS).read_bytes().splitlines())
    assert (len(keys), len(set(keys))) == (seeds * 3 * 2, seeds * 3)


async def test_unchecked_sends_what_is_no_article(broker: Broker, folder: Path) -> None:
    published = await run(broker, folder, "publish", "-", "--format", "jsonl", "--unchecked", standard_input=b"\xff\x00\n")
    assert published.code == 0
    assert b"\xff\x00" in {record.value for record in await broker.read(NEWS_RAW.name)}


async def test_tail_shows_what_is_there_from_where_it_is_asked(broker: Broker, folder: Path) -> None:
    await publish(broker, NEWS_RAW.name, [(line(number), []) for number in range(8)])
    tail = await run(broker, folder, "tail", "news.raw", "--from", "beginning", "--limit", "2")
    assert (tail.code, len([json.loads(row) for row in tail.lines])) == (0, 2)
    last = await run(broker, folder, "tail", "news.raw", "--from", "2001-01-01", "--limit", "1")
    assert (last.code, len(last.lines)) == (0, 1)


async def test_tail_shows_records_of_a_language_only(broker: Broker, folder: Path) -> None:
    languages = [b"ar", b"zh-Hans", b"ar"]
    records = [(b'{"n": %d}' % number, [("newsloom.language", language)]) for number, language in enumerate(languages)]
    await publish(broker, NEWS_ENRICHED.name, records)
    tail = await run(broker, folder, "tail", "news.enriched", "--from", "beginning", "--lang", "zh", "--limit", "1")
    assert [json.loads(row) for row in tail.lines] == [{"n": 1}]


async def test_export_stops_at_the_end_and_writes_each_format(broker: Broker, folder: Path) -> None:
    await publish(broker, NEWS_RAW.name, [(line(1), []), (b"\xff\x00", []), (line(2), [])])
    total = await broker.end_offset(NEWS_RAW.name)
    readable = sum(record.value != b"\xff\x00" for record in await broker.read(NEWS_RAW.name))
    everything = await run(broker, folder, "export", "news.raw")
    assert (everything.code, len(everything.lines)) == (0, total)
    parquet = await run(broker, folder, "export", "news.raw", "--format", "parquet", "-o", "raw.parquet")
    assert parquet.code == 0, parquet.err
    assert pq.read_metadata(folder / "raw.parquet").num_rows == readable
    latest = await run(broker, folder, "export", "news.raw", "--latest")
    keys = [record.key for record in await broker.read(NEWS_RAW.name)]
    assert len(latest.lines) == len(set(keys) - {None}) + keys.count(None)


async def test_status_counts_topics_lag_and_dead_letters(broker: Broker, folder: Path) -> None:
    await publish(broker, NEWS_RAW_DLQ.name, [(b"\xff", dead_letter_record(b"k", b"\xff").headers)] * 3)
    status = await run(broker, folder, "status", "--json")
    assert status.code == 0, status.err
    document = json.loads(status.out)
    total = await broker.end_offset(NEWS_RAW.name)
    assert document["lag"] == total
    assert {row["topic"]: row["records"] for row in document["topics"]}["news.raw"] == total
    assert document["recent_dead_letters"] == [{"class": "invalid_utf8", "stage": "decode", "count": 3}]
    assert "invalid_utf8\tdecode\t3" in (await run(broker, folder, "status")).lines


async def test_doctor_finds_this_machine_well(broker: Broker, folder: Path) -> None:
    doctor = await run(broker, folder, "doctor")
    assert any(row.startswith(f"ok       broker: {broker.bootstrap_servers}") for row in doctor.lines)


async def test_a_topic_that_takes_less_than_we_write_is_named(broker: Broker, folder: Path) -> None:
    assert (await run(broker, folder, "topics", "apply")).code == 0
    assert "ok       topics: " in (await run(broker, folder, "doctor")).out.decode()
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    try:
        limit = {"max.message.bytes": "1000000", "cleanup.policy": "delete,compact"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, NEWS_ENRICHED.name, configs=limit)])
    finally:
        await admin.close()
    said = "news.enriched: max.message.bytes is 1000000, not 16000000"
    assert f"differs: {said}" in (await run(broker, folder, "topics", "list")).lines
    doctor = (await run(broker, folder, "doctor")).out.decode()
    assert "warning  topics: news.enriched: " in doctor and said in doctor and "cleanup.policy" not in doctor


async def publish(broker: Broker, topic: str, records: Iterable[tuple[bytes, Sequence[tuple[str, bytes]]]]) -> None:
    """Writes values with headers, in order."""
    producer = new_producer(broker.bootstrap_servers, broker.settings, 1_000_000)
    await producer.start()
    try:
        for value, headers in records:
            await producer.send_and_wait(topic, value=value, key=b"k", headers=list(headers))
    finally:
        await producer.stop()
