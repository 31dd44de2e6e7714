"""The health command of the images: what it says and how it ends."""

import socket
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from services.runtime import probe
from services.runtime.health import HealthServer, Verdict


@pytest.fixture
def address() -> Iterator[str]:
    """A server that is alive and not ready."""
    alive, ready = Verdict(True, {"loop": "चालू"}), Verdict(False, {"joined": False})
    with HealthServer("127.0.0.1", 0, lambda: alive, lambda: ready, CollectorRegistry()) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        port: int = once.getsockname()[1]
    return port


def test_claim_that_holds_ends_with_0(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main([f"{address}/healthz"]) == 0
    assert capsys.readouterr().out == '200 {"loop": "चालू"}\n'


def test_claim_that_fails_ends_with_1_and_the_reason(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main([f"{address}/readyz"]) == 1
    assert capsys.readouterr().out == '503 {"joined": false}\n'


def test_other_path_ends_with_1(address: str) -> None:
    assert probe.main([f"{address}/else"]) == 1


def test_nobody_there_ends_with_1_and_one_line(closed_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main([f"http://127.0.0.1:{closed_port}/healthz"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["http://127.0.0.1:1/a", "b"], [""], ["127.0.0.1:9464"], ["https://127.0.0.1/"], ["http://"], ["http://127.0.0.1:x/"]],
)
def test_wrong_use_ends_with_1_and_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main(arguments) == 1
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_proxy_of_the_environment_is_not_asked(address: str, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    assert probe.main([f"{address}/healthz"]) == 0


def test_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        probe.answer(f"http://127.0.0.1:{silent.getsockname()[1]}/healthz", timeout_s=0.05)


def test_server_that_speaks_no_http_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall("你好\n".encode())

        thread = threading.Thread(target=answer)
        thread.start()
        assert probe.main([f"http://127.0.0.1:{server.getsockname()[1]}/healthz"]) == 1
        thread.join()
    assert len(capsys.readouterr().out.splitlines()) == 1
