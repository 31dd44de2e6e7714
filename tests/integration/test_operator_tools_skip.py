"""A record that the client can't read, on a real broker: skipped, and everything behind it goes on."""

from pathlib import Path

import pytest

from schemas.codec import decode_enriched
from schemas.dead_letter import DeadLetter
from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from tests.support.bad_input import article
from tests.support.enricher import Running, running_enricher
from tests.support.kafka import Broker, publish_unreadable, started_broker, until
from tests.support.operator import Operator, committed, header

pytestmark = pytest.mark.kafka

URLS = [f"https://herald.example/skip/{number}" for number in range(3)]
ARTICLES = [(article_id(url).encode(), article(url=url, text="किसुमु में बाढ़")) for url in URLS]


def state(running: Running, partition: int) -> str:
    """What the worker says about a partition."""
    partitions = running.worker.ready().details["partitions"]
    return next((str(each["state"]) for each in partitions if each["partition"] == partition), "")


async def stands(broker: Broker, partition: int, offset: int) -> None:
    """Lets a worker stop at an unreadable record."""
    async with running_enricher(broker, "enricher") as running:
        await until(lambda: f"unreadable record at offset {offset}" in state(running, partition))


async def test_what_stands_behind_an_unreadable_record_goes_on_and_nothing_of_its_batch_is_lost(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, ARTICLES[:1])
        (first,) = await committed(broker, NEWS_RAW.name)
        place = ("news.raw", str(first.partition), "1")
        await publish_unreadable(broker, NEWS_RAW.name, first.partition, [ARTICLES[1], (b"gone", None)])
        await stands(broker, first.partition, 1)

        early = await operator("skip", "news.raw", str(first.partition), "0")
        assert early.code == 1 and "the group enricher stands at 1, not at 0" in early.err
        preview = await operator("skip", *place, "--dry-run")
        assert preview.lines == [
            "would write 3 dead letters of class unreadable (UnicodeDecodeError); group enricher would go on at 4"
        ]
        skipped = await operator("skip", *place)
        assert skipped.code == 0, skipped.err
        again = await operator("skip", *place)
        assert again.code == 1 and "stands at 4, not at 1" in again.err

        dead = await committed(broker, NEWS_RAW_DLQ.name)
        letters = [(r.key, r.value, DeadLetter.from_headers(r.headers)) for r in dead]
        assert [(key, value) for key, value, _ in letters] == [(b"k", b"v"), ARTICLES[1], (b"gone", None)]
        assert [letter.offset for *_, letter in letters] == [1, 2, 3]
        assert {(letter.error_class, letter.stage) for *_, letter in letters} == {("unreadable", "fetch")}
        assert [header(r, "newsloom.origin.offset") for r in dead] == [b"1", b"2", b"3"]

        assert (await operator("dlq", "redrive", f"{dead[1].partition}:{dead[1].offset}")).code == 0
        await broker.publish(NEWS_RAW.name, ARTICLES[2:])
        async with running_enricher(broker, "enricher") as running:
            await until(lambda: running.settled >= 2)
        enriched = await committed(broker, NEWS_ENRICHED.name)
    assert sorted(decode_enriched(r.value).url for r in enriched if r.value) == URLS


async def test_a_worker_that_lives_is_told_of_and_goes_on_when_it_is_restarted(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await publish_unreadable(broker, NEWS_RAW.name, 2)
        async with running_enricher(broker, "enricher") as running:
            await until(lambda: "unreadable record at offset 0" in state(running, 2))
            skipped = await operator("skip", "news.raw", "2", "0")
            assert skipped.code == 0, skipped.err
            assert skipped.lines[-1].startswith("restart the worker that has partition 2")
        async with running_enricher(broker, "enricher") as running:
            await until(lambda: state(running, 2) == "running")
            details = running.worker.ready().details["partitions"]
        assert next(each["next_offset"] for each in details if each["partition"] == 2) == 1


async def test_a_readable_record_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, ARTICLES)
        (first, *_) = await committed(broker, NEWS_RAW.name)
        seek = await operator("group", "seek", "earliest")
        assert seek.code == 0, seek.err
        readable = await operator("skip", "news.raw", str(first.partition), str(first.offset))
        assert readable.code == 1 and "is readable" in readable.err
        nowhere = await operator("skip", "news.raw", "0", "99", "--force")
        assert nowhere.code == 1 and "news.raw-0 has no record at offset 99" in nowhere.err
        wrong = await operator("skip", "news.control", "0", "0")
        assert wrong.code == 2 and "no dead-letter topic" in wrong.err
        assert await committed(broker, NEWS_RAW_DLQ.name) == []
