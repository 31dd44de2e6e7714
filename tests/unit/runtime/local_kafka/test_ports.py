"""Which ports a broker is given."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.local_kafka.errors import PortTaken
from services.runtime.local_kafka.ports import choose_ports, previous_ports
from services.runtime.local_kafka.properties import Node, Ports, properties_text, server_properties


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which someone listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_any_two_ports_differ() -> None:
    ports = choose_ports(None, None)
    assert ports.broker != ports.controller


def test_free_ports_of_the_last_time_are_taken_again() -> None:
    before = choose_ports(None, None)
    assert choose_ports(None, before) == before


def test_port_that_was_taken_meanwhile_is_replaced(taken: int) -> None:
    assert taken not in (choose_ports(None, Ports(taken, 1)).broker, choose_ports(None, Ports(1, taken)).controller)


def test_wanted_port_wins_over_the_last_one() -> None:
    wanted, before = choose_ports(None, None), choose_ports(None, None)
    assert choose_ports(wanted.broker, before) == Ports(wanted.broker, before.controller)


def test_controller_never_gets_the_wanted_port() -> None:
    wanted = choose_ports(None, None).broker
    assert choose_ports(wanted, Ports(1, wanted)).controller != wanted


def test_wanted_port_that_is_taken_is_told(taken: int) -> None:
    with pytest.raises(PortTaken, match=f"port {taken} "):
        choose_ports(taken, None)


def test_ports_are_remembered_in_the_server_properties(tmp_path: Path) -> None:
    file = tmp_path / "server.properties"
    file.write_text(properties_text(server_properties(Node(Ports(4001, 4002)))))
    assert previous_ports(file) == Ports(4001, 4002)


@pytest.mark.parametrize("text", ["", "listeners=", "listeners=PLAINTEXT://127.0.0.1:x,CONTROLLER://y:z", "other=1"])
def test_unreadable_properties_remember_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "server.properties"
    file.write_text(text)
    assert previous_ports(file) is None


def test_new_folder_remembers_nothing(tmp_path: Path) -> None:
    assert previous_ports(tmp_path / "server.properties") is None
