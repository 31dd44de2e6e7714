"""TLS over a checked address: the host's name in the handshake, the certificate and the request; HTTP/2 where it is offered."""

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from services.collector.transport import SafeTransport
from tests.support.tls_site import BODY, tls_site

NAME = "sichere-seite.example"


async def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def test_the_name_stays_in_the_handshake_and_the_request(tmp_path: Path) -> None:
    async with tls_site(NAME, tmp_path) as site:
        transport = SafeTransport(loopback, site.trust, 10, frozenset({f"{NAME}:{site.port}"}))
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            first, second = [await client.get(f"https://{NAME}:{site.port}/{path}") for path in ("1", "2")]
        print(f"\n{first.http_version} by the name {site.names} to 127.0.0.1, {len(site.requests)} requests on one connection")
        assert (first.http_version, first.content, second.content) == ("HTTP/2", BODY, BODY)
        assert site.names == [NAME]
        assert [request[":authority"] for request in site.requests] == [f"{NAME}:{site.port}"] * 2


async def test_a_certificate_of_another_name_is_not_taken(tmp_path: Path) -> None:
    async with tls_site(NAME, tmp_path) as site:
        other = "andere-seite.example"
        transport = SafeTransport(loopback, site.trust, 10, frozenset({f"{other}:{site.port}"}))
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"https://{other}:{site.port}/")
        assert site.requests == []
