"""The gateway as a process behind a real socket: clients that send more than is taken, stopping, wrong settings."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from services.runtime.local_kafka import LocalKafka
from services.runtime.topic_admin import apply_topics, open_admin
from tests.support.command import ROOT
from tests.support.gateway import HEADERS, TEXTS, article, raw
from tests.support.gateway_process import GatewayProcess
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
async def gateway(broker: Broker) -> AsyncIterator[GatewayProcess]:
    process = GatewayProcess(broker.bootstrap_servers, {"GATEWAY_BATCH_MAX_LINES": "1000", "GATEWAY_BATCH_MAX_BYTES": "20000000"})
    await process.start()
    yield process
    assert await process.end() == 0


async def lines(name: str, count: int, size: int) -> AsyncIterator[bytes]:
    """A stream of articles, a line at a time."""
    for number in range(count):
        yield orjson.dumps(article(f"{name}/{number}", TEXTS[number % len(TEXTS)] + "." * size)) + b"\n"


async def test_a_client_that_sends_more_than_is_taken_reads_why(gateway: GatewayProcess) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        url = f"{gateway.url}/v1/articles:batch"
        many = await client.post(url, content=lines("too-many", 3_000, 3_000), headers=NDJSON)
        large = await client.post(url, content=lines("too-large", 990, 30_000), headers=NDJSON)
        announced = await client.post(url, content=b"x" * 20_000_001, headers=NDJSON)
        after = await client.post(url, content=lines("after", 10, 10), headers=NDJSON)
    assert [answer.status_code for answer in (many, large, announced, after)] == [413, 413, 413, 200]


async def test_a_large_batch_and_its_results_pass_both_ways_at_once(gateway: GatewayProcess) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(f"{gateway.url}/v1/articles:batch", content=lines("both", 1_000, 15_000), headers=NDJSON)
    assert answer.json()["accepted"] == 1_000


async def test_what_is_under_way_is_answered_when_it_is_asked_to_stop(broker: Broker) -> None:
    gateway = GatewayProcess(broker.bootstrap_servers)
    await gateway.start()
    began = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        async for line in lines("stopping", 5, 10):
            yield line
            began.set()
            await asyncio.sleep(0.1)

    async with httpx.AsyncClient(timeout=30) as client:
        pushing = asyncio.create_task(client.post(f"{gateway.url}/v1/articles:batch", content=slowly(), headers=NDJSON))
        await began.wait()
        status = await gateway.end(signal.SIGTERM)
        answer = await pushing
    assert (status, answer.json()["accepted"]) == (0, 5)
    assert len(await raw(broker, "/stopping/")) == 5


def run(**settings: str) -> "subprocess.CompletedProcess[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "GATEWAY_"))}
    command = [sys.executable, "-m", "services.gateway"]
    return subprocess.run(command, cwd=ROOT, env={**own, **settings}, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"GATEWAY_HOST": "0.0.0.0"}, 2, "GATEWAY_KEYS_FILE"),
        ({"GATEWAY_PORT": "70000"}, 2, "GATEWAY_PORT"),
        ({}, 2, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"GATEWAY_KEYS_FILE": "/nowhere/keys.toml", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, 1, "/nowhere/keys.toml"),
    ],
)
def test_wrong_settings_end_it_with_one_line_that_names_them(settings: dict[str, str], code: int, said: str) -> None:
    ended = run(**settings)
    assert (ended.returncode, said in ended.stderr, len(ended.stderr.splitlines())) == (code, True, 1), ended.stderr


def test_a_port_that_is_taken_is_named(gateway: GatewayProcess) -> None:
    ended = run(GATEWAY_PORT=str(gateway.port), KAFKA_BOOTSTRAP_SERVERS=gateway.bootstrap_servers)
    assert ended.returncode == 1 and str(gateway.port) in ended.stderr and "GATEWAY_PORT" in ended.stderr


async def test_while_the_broker_stands_still_answers_come_within_a_second_and_nothing_is_there_twice(broker: Broker) -> None:
    """Frozen, not gone: the connection stands, and nothing comes back."""
    with LocalKafka() as kafka:
        assert kafka.pid is not None
        own = Broker(kafka.bootstrap_servers)
        await _with_topics(own)
        gateway = GatewayProcess(kafka.bootstrap_servers)
        await gateway.start()
        url, took, statuses = f"{gateway.url}/v1/articles", list[float](), list[int]()
        body = orjson.dumps(article("frozen"))
        async with httpx.AsyncClient(timeout=30) as client:
            os.kill(kafka.pid, signal.SIGSTOP)
            try:
                for number in range(6):
                    sent = body if number % 2 else orjson.dumps(article(f"frozen-{number}"))
                    began = asyncio.get_running_loop().time()
                    answer = await client.post(url, content=sent, headers=HEADERS)
                    took.append(asyncio.get_running_loop().time() - began)
                    statuses.append(answer.status_code)
            finally:
                os.kill(kafka.pid, signal.SIGCONT)
            async with asyncio.timeout(30):
                while (answer := await client.post(url, content=body, headers=HEADERS)).status_code == 503:
                    await asyncio.sleep(0.1)
        assert await gateway.end() == 0
        written = await own.read("news.raw")
    print(f"broker frozen: 503 after {', '.join(f'{each:.2f}' for each in took)} s, then {answer.json()['status']}")
    assert set(statuses) == {503} and max(took) < 1.0
    assert (answer.status_code, answer.json()["status"]) == (202, "duplicate")
    keys = [record.key for record in written]
    assert len(keys) == len(set(keys))


async def _with_topics(broker: Broker) -> None:
    admin = await open_admin(broker.bootstrap_servers, broker.settings)
    await apply_topics(admin)
    await admin.close()
