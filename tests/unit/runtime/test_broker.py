"""Which broker is chosen, and that one that isn't there is one clear line."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.broker import given_or_local, given_or_running, require_answer, throw_away
from services.runtime.errors import ConfigurationError
from services.runtime.local_kafka import LocalKafka
from services.runtime.settings import KafkaSettings
from services.runtime.topic_admin import BrokerAway
from tests.support.kafka import Broker

NOT_GIVEN = KafkaSettings(bootstrap_servers=None)


@pytest.fixture
def silent() -> Iterator[str]:
    """An address where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("servers", ["127.0.0.1:1", "no-such-host.invalid:9092", "nonsense:port"])
async def test_a_given_broker_that_does_not_answer_is_named_with_the_variable(servers: str, tmp_path: Path) -> None:
    with pytest.raises(BrokerAway, match="KAFKA_BOOTSTRAP_SERVERS") as caught:
        await given_or_running(KafkaSettings(bootstrap_servers=servers), tmp_path)
    assert servers in str(caught.value) and "\n" not in str(caught.value)


async def test_a_given_broker_that_is_away_is_never_replaced_by_a_local_one(tmp_path: Path) -> None:
    with pytest.raises(BrokerAway):
        async with given_or_local(KafkaSettings(bootstrap_servers="127.0.0.1:1"), tmp_path / "kafka", print):
            raise AssertionError("there is no broker")
    assert not (tmp_path / "kafka").exists()


async def test_what_listens_and_says_nothing_is_given_up_soon(silent: str) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(BrokerAway, match=silent):
            await require_answer(KafkaSettings(bootstrap_servers=silent), deadline_s=0.2)


async def test_without_any_broker_the_line_says_both_ways_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="set KAFKA_BOOTSTRAP_SERVERS to host:port, or run `newsloom up`"):
        await given_or_running(NOT_GIVEN, tmp_path)


async def test_a_local_broker_that_ran_once_and_is_gone_is_not_mistaken_for_one(tmp_path: Path) -> None:
    (tmp_path / "server.properties").write_text("listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n")
    with pytest.raises(ConfigurationError, match=r"the last one was at 127\.0\.0\.1:1"):
        await given_or_running(NOT_GIVEN, tmp_path)


async def test_a_port_belongs_to_a_local_broker(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a port is for the local broker"):
        async with given_or_local(KafkaSettings(bootstrap_servers="127.0.0.1:1"), tmp_path, print, port=9092):
            raise AssertionError("there is no broker")


@pytest.mark.kafka
async def test_the_given_broker_wins(broker: Broker, tmp_path: Path) -> None:
    said: list[str] = []
    async with given_or_local(broker.settings, tmp_path / "kafka", said.append) as chosen:
        assert chosen.bootstrap_servers == broker.bootstrap_servers
    assert said == [f"broker: {broker.bootstrap_servers} (given by KAFKA_BOOTSTRAP_SERVERS)"]
    assert not (tmp_path / "kafka").exists()


@pytest.mark.kafka
async def test_a_throw_away_broker_says_that_the_given_one_is_not_used() -> None:
    said: list[str] = []
    given = KafkaSettings(bootstrap_servers="127.0.0.1:1", security_protocol="SASL_SSL")
    async with throw_away(given, said.append) as chosen:
        await require_answer(chosen.kafka)
        assert chosen.is_running()
    assert not chosen.is_running()
    assert len(said) == 1
    assert said[0].endswith("a throw-away broker of our own; KAFKA_BOOTSTRAP_SERVERS is set and not used")


@pytest.mark.kafka
async def test_the_local_broker_of_a_data_folder_is_found_by_other_commands(tmp_path: Path) -> None:
    async with LocalKafka(tmp_path) as local:
        found = await given_or_running(NOT_GIVEN, tmp_path)
        assert found.bootstrap_servers == local.bootstrap_servers
