"""No connection to an address that wasn't checked: literals, names, answers that change, redirects."""

import ssl
from collections.abc import AsyncIterator, Iterable, Sequence

import httpcore
import httpx
import pytest

from services.collector.errors import Refused
from services.collector.fetch import refuse_unless_web
from services.collector.transport import CheckedNetwork, Resolve, SafeTransport
from tests.support.recorded_web import RecordedWeb

PUBLIC = "93.184.216.34"


class NotedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to nothing; notes to what it was asked to connect."""

    def __init__(self, deaf: Sequence[str] = ()) -> None:
        self.connected: list[tuple[str, int]] = []
        self._deaf = deaf

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self._deaf:
            raise httpcore.ConnectError("nobody there")
        return httpcore.AsyncMockStream([])


def answering(*answers: Sequence[str]) -> tuple[Resolve, list[str]]:
    """A resolver that gives these answers in turn, and the names that it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


@pytest.fixture
async def web() -> AsyncIterator[RecordedWeb]:
    """A server on loopback that nobody is meant to reach."""
    async with RecordedWeb() as web:
        yield web


def client(resolve: Resolve, private_hosts: frozenset[str] = frozenset()) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=SafeTransport(resolve, ssl.create_default_context(), 10, private_hosts), trust_env=False)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
    ],
)
async def test_a_literal_of_this_machine_is_refused_in_any_form(web: RecordedWeb, host: str) -> None:
    resolve, asked = answering([PUBLIC])
    async with client(resolve) as asking:
        with pytest.raises(Refused, match="not a public address") as refusal:
            await asking.get(f"http://{host}:{web.port}/robots.txt")
    print(f"\n{host}: {refusal.value}")
    assert refusal.value.reason == "forbidden_address"
    assert web.log == [] and asked == []


@pytest.mark.parametrize(
    "answer", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1", "fd00:ec2::254"]
)
async def test_a_name_that_leads_inside_is_refused(web: RecordedWeb, answer: str) -> None:
    resolve, _ = answering([answer])
    async with client(resolve) as asking:
        with pytest.raises(Refused, match=r"inner\.example"):
            await asking.get(f"http://inner.example:{web.port}/")
    assert web.log == []


async def test_one_forbidden_address_among_others_is_enough() -> None:
    resolve, _ = answering([PUBLIC, "127.0.0.1"])
    network = NotedNetwork()
    with pytest.raises(Refused):
        await CheckedNetwork(resolve, frozenset(), network).connect_tcp("mixed.example", 80)
    assert network.connected == []


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """DNS rebinding: the name is resolved once, so a second answer is never used for the same connection."""
    resolve, asked = answering([PUBLIC], ["127.0.0.1"])
    network = NotedNetwork()
    checked = CheckedNetwork(resolve, frozenset(), network)
    await checked.connect_tcp("rebinding.example", 443)
    assert network.connected == [(PUBLIC, 443)] and asked == ["rebinding.example"]
    with pytest.raises(Refused):
        await checked.connect_tcp("rebinding.example", 443)
    assert network.connected == [(PUBLIC, 443)]


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    resolve, _ = answering(["2606:4700::1111", PUBLIC])
    network = NotedNetwork(deaf=["2606:4700::1111"])
    await CheckedNetwork(resolve, frozenset(), network).connect_tcp("two.example", 80)
    assert network.connected == [("2606:4700::1111", 80), (PUBLIC, 80)]


async def test_a_marked_host_may_be_private_and_only_on_its_port(web: RecordedWeb) -> None:
    resolve, _ = answering(["127.0.0.1"])
    site = "manara-news.example"
    async with client(resolve, frozenset({f"{site}:{web.port}"})) as asking:
        assert (await asking.get(f"{web.origin(site)}/robots.txt")).status_code == 200
        with pytest.raises(Refused):
            await asking.get(f"http://{site}:{web.port + 1}/robots.txt")
        with pytest.raises(Refused):
            await asking.get(f"http://other.example:{web.port}/robots.txt")


async def test_not_even_a_marked_host_may_be_the_metadata_service() -> None:
    resolve, _ = answering(["169.254.169.254"])
    network = CheckedNetwork(resolve, frozenset({"cloud.example:80"}), NotedNetwork())
    with pytest.raises(Refused):
        await network.connect_tcp("cloud.example", 80)


async def test_no_sockets_in_the_file_system() -> None:
    resolve, _ = answering([PUBLIC])
    with pytest.raises(Refused):
        await CheckedNetwork(resolve, frozenset(), NotedNetwork()).connect_unix_socket("/run/docker.sock")


async def test_a_name_without_an_address_is_no_connection() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async with client(resolve) as asking:
        with pytest.raises(httpx.ConnectError, match="no such name"):
            await asking.get("http://nowhere.example/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://a.example/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("/relative", "scheme"),
        ("http://user:secret@a.example/", "bad_url"),
        ("http://[broken/", "bad_url"),
        ("http://a.example:99999/", "bad_url"),
        ("http:///path", "bad_url"),
        ("http://169.254.169.254/latest/meta-data/", "forbidden_address"),
        ("http://2852039166/", "forbidden_address"),
        ("http://[::ffff:169.254.169.254]/", "forbidden_address"),
    ],
)
def test_what_is_no_address_on_the_web(url: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        refuse_unless_web(url)
    assert refusal.value.reason == reason
