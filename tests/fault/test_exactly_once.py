"""Nothing lost and nothing twice: workers killed, frozen and failing at every named place, on a real broker."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.runtime.errors import TransientError
from services.runtime.failpoints import Place
from tests.fault.books import Books, close_books
from tests.support.bad_input import article
from tests.support.enricher import MAX_REQUEST_BYTES, running_enricher
from tests.support.kafka import Broker, started_broker, until

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
PLACES: tuple[Place, ...] = get_args(Place)

ARTICLES, REVISIONS = 40, 5


@contextlib.asynccontextmanager
async def worker(broker: Broker, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process; killed at the end if it still lives."""
    command = [sys.executable, "-m", "tests.fault.worker", broker.bootstrap_servers, "fault", *options]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def publish(broker: Broker) -> int:
    """Articles with several revisions each, mixed, and some records that are no articles; how many records that is."""
    values = []
    for revision in range(REVISIONS):
        for number in range(ARTICLES):
            url = f"https://herald.example/{number}"
            values.append((article_id(url).encode(), article(url=url, text=f"Version {revision}")))
        values.append((b"bad", b"no article"))
    await broker.publish(NEWS_RAW.name, values)
    return len(values)


async def all_settled(broker: Broker, inputs: int) -> None:
    """Waits until readers see as many outcomes as there are inputs, then closes no books yet."""
    async with asyncio.timeout(90):
        while len(await broker.read(NEWS_ENRICHED.name)) + len(await broker.read(NEWS_RAW_DLQ.name)) < inputs:
            await asyncio.sleep(0.3)


async def stopped(process: asyncio.subprocess.Process) -> None:
    """Waits until a process is stopped by SIGSTOP."""
    status = Path(f"/proc/{process.pid}/stat")
    async with asyncio.timeout(60):
        while status.read_text().rpartition(")")[2].split()[0] != "T":
            await asyncio.sleep(0.05)


async def books_after_a_kill(broker: Broker, place: Place, *options: str) -> Books:
    inputs = await publish(broker)
    async with worker(broker, "--place", place, "--visit", "2", *options) as first:
        assert await asyncio.wait_for(first.wait(), 60) == -signal.SIGKILL
    async with worker(broker, *options):
        await all_settled(broker, inputs)
    return await close_books(broker)


@pytest.mark.parametrize("place", PLACES)
async def test_a_worker_killed_at_any_place_loses_nothing_and_does_nothing_twice(place: Place) -> None:
    async with started_broker() as broker:
        books = await books_after_a_kill(broker, place)
    print(f"killed {place}: {books}")
    assert books.balance, str(books)
    assert books.dead_letters == REVISIONS


async def test_the_books_can_fail_without_transactions_a_kill_after_the_send_writes_twice() -> None:
    async with started_broker() as broker:
        books = await books_after_a_kill(broker, "after_send", "--guarantee", "at_least_once")
    print(f"at least once, killed after_send: {books}")
    assert books.duplicated and not books.lost


async def zombie_books(broker: Broker, *options: str) -> Books:
    """A worker sleeps before it adds its offsets, past its session; another takes over; it wakes up."""
    inputs = await publish(broker)
    async with worker(broker, "--place", "after_send", "--visit", "2", "--signal", "SIGSTOP", *options) as zombie:
        await stopped(zombie)
        async with worker(broker, *options):
            if "--no-fencing" in options:
                # Without fencing the sleeper's transaction stays open, and hides what comes behind it.
                await _settled_otherwise(broker, inputs)
            else:
                await all_settled(broker, inputs)
            os.kill(zombie.pid, signal.SIGCONT)
            await all_settled(broker, inputs)
            await _quiet(broker)
    return await close_books(broker)


async def _quiet(broker: Broker) -> None:
    """Waits until nothing has been written for some seconds: an awakened zombie has had its chance."""
    before, calm = -1, 0
    while calm < 4:
        now = await broker.end_offset(NEWS_ENRICHED.name)
        before, calm = now, calm + 1 if now == before else 0
        await asyncio.sleep(0.5)


async def _settled_otherwise(broker: Broker, inputs: int) -> None:
    """Waits until the other worker has written everything, as a reader sees it that doesn't wait for transactions to end."""
    topics = (NEWS_ENRICHED.name, NEWS_RAW_DLQ.name)
    async with asyncio.timeout(60):
        while sum([len(await broker.read(topic, "read_uncommitted")) for topic in topics]) <= inputs:
            await asyncio.sleep(0.3)
    await _quiet(broker)


async def test_a_zombie_that_wakes_up_is_fenced() -> None:
    async with started_broker() as broker:
        books = await zombie_books(broker)
    print(f"zombie: {books}")
    assert books.balance, str(books)


async def test_the_books_can_fail_without_fencing_a_zombie_writes_twice() -> None:
    async with started_broker() as broker:
        books = await zombie_books(broker, "--no-fencing")
    print(f"zombie without fencing: {books}")
    assert books.duplicated


@pytest.mark.parametrize("place", [place for place in PLACES if place != "after_fetch"])
async def test_an_error_at_any_place_begins_again_and_does_nothing_twice(place: Place) -> None:
    failures = 5

    async def at(here: Place) -> None:
        nonlocal failures
        if here == place and failures:
            failures -= 1
            raise TransientError(f"failed {here}")

    async with started_broker() as broker:
        inputs = await publish(broker)
        async with running_enricher(broker, "errors", at=at) as running:
            await until(lambda: failures == 0)
            await all_settled(broker, inputs)
            assert running.metrics is not None
        books = await close_books(broker)
    print(f"errors {place}: {books}")
    assert books.balance, str(books)


def test_requests_may_be_as_large_as_the_largest_topic_takes() -> None:
    assert max(NEWS_ENRICHED.max_message_bytes, NEWS_RAW_DLQ.max_message_bytes) <= MAX_REQUEST_BYTES
