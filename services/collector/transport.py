"""An httpx transport that connects to no address it hasn't checked: no detour over DNS, redirects or number forms.

A name is resolved once, every address of the answer is checked, and the connection goes to one of those very addresses.
TLS still names the host (SNI, certificate), and so does the Host header.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore
import httpx

from services.collector.addresses import Address, is_never_allowed, is_public, parse_address
from services.collector.errors import Refused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, for a port; raises OSError when there are none."""

_SocketOptions = Iterable[httpcore.SOCKET_OPTION]


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """What the operating system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class SafeTransport(httpx.AsyncHTTPTransport):
    """HTTP/1.1 and HTTP/2 over checked addresses; no proxy, whatever the environment says.

    private_hosts are the "host:port" of a source that is marked `allow_private`: they alone may be at private or
    loopback addresses; link-local and metadata addresses are refused to them too.
    """

    def __init__(
        self, resolve: Resolve, tls: ssl.SSLContext, max_connections: int, private_hosts: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=30.0,
            http1=True,
            http2=True,
            network_backend=CheckedNetwork(resolve, private_hosts),
        )


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore, to checked addresses only."""

    def __init__(
        self, resolve: Resolve, private_hosts: frozenset[str], network: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._resolve, self._private_hosts = resolve, private_hosts
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of the host that answers.

        Raises:
            Refused: an address of the host may not be connected to.
            httpcore.ConnectError: the name has no address, or no address answers.
        """
        addresses = await self._checked(host, port, timeout)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(addresses[-1]), port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: _SocketOptions | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise Refused("forbidden_address", "the collector doesn't speak to sockets in the file system")

    async def sleep(self, seconds: float) -> None:
        """Waits between retries."""
        await self._network.sleep(seconds)

    async def _checked(self, host: str, port: int, timeout: float | None) -> Sequence[Address]:
        literal = parse_address(host)
        found = [literal] if literal else await self._addresses(host, port, timeout)
        may_be_private = f"{host}:{port}" in self._private_hosts
        for address in found:
            check_address(host, address, may_be_private)
        return found

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[Address]:
        try:
            async with asyncio.timeout(timeout):
                answers = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} can't be resolved: {error}") from error
        parsed = [address for address in map(parse_address, dict.fromkeys(answers)) if address]
        if not parsed:
            raise httpcore.ConnectError(f"the name {host} has no address")
        return parsed


def check_address(host: str, address: Address, may_be_private: bool = False) -> None:
    """Raises Refused unless the address may be connected to; it is enough that one of a name's addresses is forbidden."""
    if is_public(address) or (may_be_private and not is_never_allowed(address)):
        return
    at = (
        f"{host} is"
        if parse_address(host) == address and host != str(address)
        else f"{host} is at"
        if host != str(address)
        else ""
    )
    where = f"{at} {address}".strip()
    raise Refused("forbidden_address", f"{where}: not a public address (private, loopback, link-local, metadata or reserved)")
