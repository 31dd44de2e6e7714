"""What the broker is told."""

import pytest

from services.runtime.local_kafka.properties import (
    Node,
    Ports,
    log4j2_text,
    parse_properties,
    properties_text,
    server_properties,
)

PORTS = Ports(broker=9092, controller=9093)


def test_broker_listens_on_loopback_only() -> None:
    properties = server_properties(Node(PORTS))
    expected = "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert properties["listeners"] == properties["advertised.listeners"] == expected


@pytest.mark.parametrize("name", ["message.max.bytes", "replica.fetch.max.bytes"])
def test_sixteen_megabyte_messages_pass(name: str) -> None:
    assert int(server_properties(Node(PORTS))[name]) > 17_000_000


def test_every_replication_factor_and_min_isr_is_one() -> None:
    properties = server_properties(Node(PORTS))
    replicated = {name: value for name, value in properties.items() if name.endswith(("replication.factor", ".isr"))}
    assert len(replicated) == 6
    assert set(replicated.values()) == {"1"}


def test_users_property_wins() -> None:
    extra = {"num.partitions": "7", "transaction.max.timeout.ms": "5000"}
    assert server_properties(Node(PORTS, extra)).items() >= extra.items()


def test_what_was_written_is_read_back() -> None:
    properties = server_properties(Node(PORTS))
    assert parse_properties(properties_text(properties)) == properties


@pytest.mark.parametrize(
    ("value", "written"),
    [("C:\\data", "C:\\\\data"), ("données", "donn\\u00e9es"), ("😀", "\\ud83d\\ude00"), ("a\nb", "a\\nb")],
    ids=["backslash", "diacritic", "surrogates", "newline"],
)
def test_value_is_escaped_for_java(value: str, written: str) -> None:
    assert properties_text({"name": value}) == f"name={written}\n"


def test_log_goes_to_a_bounded_file_and_not_to_the_console() -> None:
    text = log4j2_text()
    assert "RollingFile" in text
    assert "Console" not in text
