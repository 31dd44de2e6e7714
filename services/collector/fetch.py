"""One GET, politely: a turn at the host, redirects by hand with every hop checked, bounded bodies, conditional requests."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import httpx

from services.collector.addresses import parse_address
from services.collector.body import ACCEPT_ENCODING, read_body, too_large
from services.collector.errors import FetchFailed, HostUnreachable, Refused
from services.collector.politeness import Gate
from services.collector.schedule import retry_after_s
from services.collector.sources import Source, host_of
from services.collector.transport import check_address

NOT_MODIFIED = 304

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_SLOW_DOWN = frozenset((429, 503))

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})", re.IGNORECASE)

Check = Callable[[str], Awaitable[float]]
"""Asked about a URL and each redirect's target before it is fetched: the host's interval in seconds, or raises Refused."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "has it changed?" with."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The conditional request's headers."""
        pairs = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return {name: value for name, value in pairs if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: the last of its redirects."""

    url: str
    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""

    @property
    def validators(self) -> Validators:
        """For the next time."""
        return Validators(self.headers.get("ETag"), self.headers.get("Last-Modified"))

    @property
    def max_age_s(self) -> float:
        """How long Cache-Control says that the answer stays fresh, in seconds; 0.0 when it doesn't."""
        found = _MAX_AGE.search(self.headers.get("Cache-Control", ""))
        return float(found[1]) if found else 0.0

    @property
    def charset(self) -> str | None:
        """The encoding that Content-Type declares."""
        message = Message()
        message["Content-Type"] = self.headers.get("Content-Type", "")
        declared = message.get_content_charset()
        return declared if isinstance(declared, str) else None

    @property
    def media_type(self) -> str:
        """The type that Content-Type declares, in lower case, without parameters."""
        content_type: str = self.headers.get("Content-Type", "")
        return content_type.partition(";")[0].strip().lower()


@dataclass(frozen=True)
class FetchLimits:
    """Bounds of any fetch; seconds."""

    deadline_s: float
    max_redirects: int
    retry_after_max_s: float


@dataclass(frozen=True)
class Fetcher:
    """Asks hosts, one polite request after the other."""

    client_of: Callable[[Source], httpx.AsyncClient]
    gate: Gate
    now: Callable[[], float]
    limits: FetchLimits

    async def get(
        self,
        url: str,
        source: Source,
        check: Check,
        max_bytes: int,
        validators: Validators | None = None,
        truncate: bool = False,
    ) -> Answer:
        """The answer at the end of the redirects, of any status but those that ask us to come later.

        Raises:
            Refused: an address, host or redirect that we don't go to, or a body that is too large.
            FetchFailed: no answer, a broken one, or one that says "later".
        """
        for _ in range(self.limits.max_redirects + 1):
            refuse_unless_web(url)
            answer = await self._ask(url, source, await check(url), max_bytes, validators, truncate)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            url = redirected(url, location)
        raise Refused("redirects", f"more than {self.limits.max_redirects} redirects")

    async def _ask(
        self, url: str, source: Source, interval_s: float, max_bytes: int, validators: Validators | None, truncate: bool
    ) -> Answer:
        host = host_of(url)
        async with self.gate.turn(host, interval_s, source.concurrency):
            try:
                answer = await self._receive(url, source, max_bytes, validators, truncate)
            except HostUnreachable as error:
                raise HostUnreachable(error.reason, str(error), await self.gate.failed(host, error.reason)) from error
            await self.gate.reached(host)
            if answer.status in _SLOW_DOWN:
                raise await self._told_to_wait(host, answer)
            return answer

    async def _told_to_wait(self, host: str, answer: Answer) -> FetchFailed:
        wait = retry_after_s(answer.headers.get("Retry-After"), self.now(), self.limits.retry_after_max_s)
        retry_at = None if wait is None else self.now() + wait
        if retry_at is not None:
            await self.gate.block(host, retry_at, "retry_after")
        return FetchFailed(f"status_{answer.status}", f"{host} asks us to come later", retry_at)

    async def _receive(self, url: str, source: Source, max_bytes: int, validators: Validators | None, truncate: bool) -> Answer:
        headers = validators.headers if validators else {}
        try:
            async with (
                asyncio.timeout(self.limits.deadline_s),
                self.client_of(source).stream("GET", url, headers=headers) as response,
            ):
                body = b""
                if response.status_code == httpx.codes.OK:
                    body = await _body(response, max_bytes, truncate)
                return Answer(url, response.status_code, response.headers, body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise HostUnreachable("unreachable", f"no connection to {host_of(url)}: {error}") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FetchFailed("timeout", f"no whole answer in time from {host_of(url)}") from error
        except httpx.InvalidURL as error:
            raise Refused("bad_url", f"no address: {error}") from error
        except httpx.HTTPError as error:
            raise FetchFailed("broken_answer", f"{host_of(url)}: {type(error).__name__}: {error}") from error


async def _body(response: httpx.Response, max_bytes: int, truncate: bool) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if not truncate and declared.isdigit() and int(declared[:18]) > max_bytes:
        raise too_large(max_bytes)
    return await read_body(response.aiter_raw(), response.headers.get("Content-Encoding", ""), max_bytes, truncate)


def redirected(url: str, location: str) -> str:
    """Where a redirect leads; raises Refused when that is no address."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise Refused("bad_url", f"a redirect to no address: {error}") from error


def refuse_unless_web(url: str) -> None:
    """Raises Refused for what is no http(s) URL, has credentials in it, or names a forbidden address outright.

    The transport checks every address again, after resolution; here the refusal costs no turn at the host. Whether a
    source may go to private addresses is the transport's business alone.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Refused("bad_url", f"no address: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise Refused("scheme", f"only http and https are fetched, not {parts.scheme or 'a relative address'}")
    if not host or parts.username is not None or parts.password is not None:
        raise Refused("bad_url", "an address has a host and no user name")
    literal = parse_address(host)
    if literal is not None:
        check_address(host, literal, may_be_private=True)


def new_client(transport: httpx.AsyncBaseTransport, user_agent: str, timeouts: Mapping[str, float]) -> httpx.AsyncClient:
    """A client that says who it is, keeps no cookies, follows no redirects by itself and heeds no proxy variables."""
    return httpx.AsyncClient(
        transport=transport,
        headers={"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": ACCEPT_ENCODING},
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx.Timeout(timeouts["read"], connect=timeouts["connect"]),
        follow_redirects=False,
        trust_env=False,
    )
