"""The HTTP clients: one for the public web, and one for each source that may be at private addresses."""

from types import TracebackType

import httpx

from services.collector.fetch import new_client
from services.collector.settings import CollectorSettings
from services.collector.sources import Source
from services.collector.transport import Resolve, SafeTransport


class Clients:
    """Clients with their connections; a connection that one source may have is never another's."""

    def __init__(self, settings: CollectorSettings, user_agent: str, resolve: Resolve) -> None:
        self._settings, self._user_agent, self._resolve = settings, user_agent, resolve
        self._tls = httpx.create_ssl_context(trust_env=False)  # takes some 30 ms: once, not for each client
        self._clients: dict[frozenset[str], httpx.AsyncClient] = {}

    def of(self, source: Source) -> httpx.AsyncClient:
        """The client for a source's requests."""
        hosts = source.private_hosts
        if hosts not in self._clients:
            transport = SafeTransport(self._resolve, self._tls, self._settings.fetch_concurrency, hosts)
            timeouts = {"read": self._settings.read_timeout_s, "connect": self._settings.connect_timeout_s}
            self._clients[hosts] = new_client(transport, self._user_agent, timeouts)
        return self._clients[hosts]

    async def __aenter__(self) -> "Clients":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for client in self._clients.values():
            await client.aclose()
