"""Local Kafka is a real broker that keeps what it should and leaves nothing behind."""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.runtime.local_kafka import LocalKafka
from services.runtime.local_kafka import local as local_module
from services.runtime.local_kafka.errors import BrokerFailed, DataFolderInUse
from services.runtime.local_kafka.ports import choose_ports
from services.runtime.local_kafka.properties import Ports
from services.runtime.local_kafka.server import start_broker

pytestmark = pytest.mark.kafka

TOPIC = "local-kafka-test"
LARGE_BYTES = 16 * 1024 * 1024
PARENT = """
import sys
from pathlib import Path
from services.runtime.local_kafka import LocalKafka
with LocalKafka(Path(sys.argv[1]) if len(sys.argv) > 1 else None) as kafka:
    print(kafka.pid, kafka.data_dir, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    """A throw-away broker for the tests of this file."""
    with LocalKafka() as running:
        yield running


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where throw-away data folders go during the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@contextlib.asynccontextmanager
async def producer(bootstrap_servers: str) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, max_request_size=LARGE_BYTES + 1024, enable_idempotence=True)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def make_topic(bootstrap_servers: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def first_value(bootstrap_servers: str, topic: str) -> bytes | None:
    """The topic's first value, read without a group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest", max_partition_fetch_bytes=LARGE_BYTES
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        record = await asyncio.wait_for(consumer.getone(), 30)
        return bytes(record.value) if record.value is not None else None
    finally:
        await consumer.stop()


def is_gone(pid: int) -> bool:
    """Whether the process has ended; a zombie has."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # no /proc here, or gone between the two looks
        return Path("/proc/self").exists()


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while not is_gone(pid):
            await asyncio.sleep(0.05)


@contextlib.contextmanager
def parent_process(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int, Path]]:
    """Another process that runs a local Kafka: itself, the broker's process id and the data folder."""
    command = [sys.executable, "-c", PARENT, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            pid, _, data_dir = process.stdout.readline().strip().partition(" ")
            yield process, int(pid), Path(data_dir)
        finally:
            process.kill()


async def test_record_comes_back(kafka: LocalKafka) -> None:
    await make_topic(kafka.bootstrap_servers, TOPIC)
    async with producer(kafka.bootstrap_servers) as sending:
        await sending.send_and_wait(TOPIC, "Bos días".encode())
    assert await first_value(kafka.bootstrap_servers, TOPIC) == "Bos días".encode()


async def test_sixteen_megabyte_record_comes_back(kafka: LocalKafka) -> None:
    await make_topic(kafka.bootstrap_servers, "large")
    value = os.urandom(1024) * (LARGE_BYTES // 1024)
    async with producer(kafka.bootstrap_servers) as sending:
        await sending.send_and_wait("large", value)
    assert await first_value(kafka.bootstrap_servers, "large") == value


async def test_misspelt_topic_is_not_made(kafka: LocalKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.describe_topics(["no-such-topic"])
        assert "no-such-topic" not in await admin.list_topics()
    finally:
        await admin.close()


def test_description_is_one_line_with_version_java_and_folder(kafka: LocalKafka) -> None:
    assert all(part in kafka.description for part in ("Apache Kafka 4.3.0", "Java ", str(kafka.data_dir)))
    assert "\n" not in kafka.description


async def test_kept_folder_keeps_records_cluster_and_port(tmp_path: Path) -> None:
    folder = tmp_path / "données 日本, kept"  # neither ASCII nor free of commas and spaces
    async with LocalKafka(folder) as first:
        before = first.bootstrap_servers
        await make_topic(before, TOPIC)
        async with producer(before) as sending:
            await sending.send_and_wait(TOPIC, b"kept")
        cluster = (folder / "storage" / "meta.properties").read_text()
    async with LocalKafka(folder) as second:
        assert second.bootstrap_servers == before
        assert (folder / "storage" / "meta.properties").read_text() == cluster
        assert await first_value(second.bootstrap_servers, TOPIC) == b"kept"


async def test_kept_folder_moves_to_another_port_when_its_own_is_taken(tmp_path: Path) -> None:
    async with LocalKafka(tmp_path) as first:
        before = first.bootstrap_servers
        await make_topic(before, TOPIC)
        async with producer(before) as sending:
            await sending.send_and_wait(TOPIC, b"moved")
    host, _, port = before.partition(":")
    with socket.create_server((host, int(port))):
        async with LocalKafka(tmp_path) as second:
            assert second.bootstrap_servers != before
            assert await first_value(second.bootstrap_servers, TOPIC) == b"moved"


@pytest.mark.parametrize("which", ["broker", "controller"])
def test_port_lost_to_another_process_is_replaced(monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chosen: list[Ports] = []

        def lose_the_first(wanted: int | None, previous: Ports | None) -> Ports:
            free = choose_ports(wanted, previous)
            lost = Ports(port, free.controller) if which == "broker" else Ports(free.broker, port)
            chosen.append(free if chosen else lost)
            return chosen[-1]

        monkeypatch.setattr(local_module, "start_broker", functools.partial(start_broker, choose=lose_the_first))
        with LocalKafka() as kafka:
            assert kafka.bootstrap_servers == f"127.0.0.1:{chosen[1].broker}"


async def test_broker_goes_with_a_killed_parent_and_so_does_the_throw_away_folder() -> None:
    with parent_process() as (process, pid, folder):
        os.kill(process.pid, signal.SIGKILL)
        await until_gone(pid)
        async with asyncio.timeout(20):
            while folder.exists():
                await asyncio.sleep(0.05)


async def test_kept_folder_of_a_killed_parent_starts_again_at_once(tmp_path: Path) -> None:
    with parent_process(str(tmp_path)) as (process, pid, _):
        os.kill(process.pid, signal.SIGKILL)
        async with LocalKafka(tmp_path) as kafka:
            assert is_gone(pid)
            assert kafka.is_running


def test_folder_of_a_running_broker_is_refused_and_left_alone(tmp_path: Path) -> None:
    with LocalKafka(tmp_path) as kafka:
        before = (tmp_path / "server.properties").read_text()
        with pytest.raises(DataFolderInUse, match=f"{tmp_path} is in use by another running broker"):
            LocalKafka(tmp_path).start()
        assert (tmp_path / "server.properties").read_text() == before
        assert kafka.is_running


@pytest.mark.skipif(sys.platform == "win32", reason="record locks of another kind")
def test_folder_of_a_broker_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    LocalKafka(tmp_path).start().stop()
    lock = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", lock, str(tmp_path / "storage" / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as foreign:
        assert foreign.stdout is not None
        foreign.stdout.readline()
        with pytest.raises(DataFolderInUse, match="in use by another running broker"):
            LocalKafka(tmp_path).start()
        foreign.kill()


def test_failure_tells_the_decisive_line_and_leaves_nothing(temporary_folder: Path) -> None:
    with pytest.raises(BrokerFailed, match=r"Invalid value many for configuration num\.io\.threads"):
        LocalKafka(properties={"num.io.threads": "many"}).start()
    assert list(temporary_folder.iterdir()) == []


def test_deadline_is_kept_and_nothing_is_left(temporary_folder: Path) -> None:
    with pytest.raises(BrokerFailed, match=r"not ready within 0\.1 s"):
        LocalKafka(start_deadline_s=0.1).start()
    assert list(temporary_folder.iterdir()) == []


async def test_cancelled_start_leaves_nothing(temporary_folder: Path) -> None:
    starting = asyncio.ensure_future(LocalKafka().__aenter__())
    async with asyncio.timeout(20):
        while not list(temporary_folder.glob("*/console.log")):
            await asyncio.sleep(0.02)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert list(temporary_folder.iterdir()) == []


def test_stopped_broker_is_not_running() -> None:
    kafka = LocalKafka().start()
    pid = kafka.pid
    kafka.stop()
    kafka.stop()
    assert pid is not None
    assert (kafka.is_running, is_gone(pid)) == (False, True)


def test_broker_outlives_the_thread_that_started_it() -> None:
    kafka = LocalKafka()
    thread = threading.Thread(target=kafka.start)
    thread.start()
    thread.join()
    try:
        assert kafka.is_running
    finally:
        kafka.stop()
