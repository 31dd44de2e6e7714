"""A small web of our own on 127.0.0.1: the sites in tests/recorded, with redirects, slow and broken answers.

Each folder there is a site, reached by its name in the Host header; `python -m tests.support.recorded_web` serves them for
trying things out. In the files {{origin}} is the site's own address and {{port}} the server's port. A folder's site.toml says
what is not simply a file; behaviours are named there and written here.
"""

import asyncio
import contextlib
import gzip
import hashlib
import struct
import time
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Any

import orjson

RECORDED = Path(__file__).parents[1] / "recorded"

_TYPES = {
    "html": "text/html",
    "xml": "application/xml",
    "json": "application/json",
    "txt": "text/plain",
    "gz": "application/gzip",
}
_REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 404: "Not Found", 410: "Gone"}
_RECORDED_AT = 1_762_500_000.0  # Last-Modified of everything that was never changed
_DEFAULT_SITE = "kontinent-wire.example"
_BOMB_BYTES = 2_000_000_000
_SLOW_S = 0.3

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the server saw it."""

    at: float
    """When it arrived, by time.monotonic()."""
    site: str
    path: str
    headers: Headers
    status: int


@dataclass(frozen=True)
class Expected:
    """What a person reads on a page."""

    site: str
    path: str
    language: str
    title: str
    text: str
    authors: tuple[str, ...] = ()
    published: str | None = None
    precision: str | None = None
    evidence: str | None = None
    free: bool | None = None


def expected_articles() -> tuple[Expected, ...]:
    """Every article of the recorded web that may be collected, once."""
    known = Expected.__dataclass_fields__
    entries = orjson.loads((RECORDED / "expected.json").read_bytes())
    return tuple(Expected(**{name: _frozen(value) for name, value in entry.items() if name in known}) for entry in entries)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True)
class _Site:
    """One folder, as it was asked for."""

    name: str
    origin: str

    @property
    def folder(self) -> Path:
        return RECORDED / self.name

    @cached_property
    def settings(self) -> dict[str, Any]:
        path = self.folder / "site.toml"
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def answer(self, path: str) -> dict[str, Any]:
        """What site.toml says about a path."""
        found: list[dict[str, Any]] = [answer for answer in self.settings.get("answer", ()) if answer["path"] == path]
        return found[0] if found else {}

    def content(self, path: str) -> bytes | None:
        """A file of the site."""
        file = self.folder / path.lstrip("/")
        is_ours = file.is_file() and file.resolve().is_relative_to(self.folder) and file.name != "site.toml"
        return file.read_bytes() if is_ours else None


@dataclass
class RecordedWeb:
    """The server; an async context manager."""

    port: int = 0
    host: str = "127.0.0.1"
    delay_s: float = 0.0
    """Between a request and its answer."""
    log: list[Asked] = field(default_factory=list)
    replaced: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(site, path) → content that a publisher changed after it was recorded."""
    _server: asyncio.Server | None = None
    _times_asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _connections: "dict[asyncio.Task[None], asyncio.StreamWriter]" = field(default_factory=dict)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> "RecordedWeb":
        self._server = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        self._closing.set()
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def origin(self, site: str) -> str:
        """The site's address, without a path."""
        return f"http://{site}:{self.port}"

    async def resolve(self, name: str, port: int) -> Sequence[str]:
        """Where the sites are, for a collector's transport."""
        if not (RECORDED / name).is_dir():
            raise OSError(f"no such host: {name}")
        return [self.host]

    def asked(self, site: str | None = None, path: str | None = None) -> list[Asked]:
        """The log's entries for a site and path."""
        return [each for each in self.log if site in (None, each.site) and path in (None, each.path)]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            del self._connections[task]
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection can be used again."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        path = first.split(" ")[1].partition("?")[0]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        site = _site(headers.get("host", ""))
        asked_at = time.monotonic()
        said = site.answer(path)
        self._times_asked[site.name, path] += 1
        status, again = 0, False
        try:
            await asyncio.sleep(self.delay_s)
            if behaviour := said.get("behaviour"):
                status, again = await _BEHAVIOURS[behaviour](self, site, path, writer)
            else:
                reply = self._reply(site, path, headers, said)
                status, again = reply.status, True
                await _write(writer, reply)
        finally:
            self.log.append(Asked(asked_at, site.name, path, headers, status))
        return again

    def _reply(self, site: _Site, path: str, headers: Headers, said: Mapping[str, Any]) -> _Reply:
        more = dict(said.get("headers", {}))
        if "location" in said:
            more["Location"] = self._filled(said["location"].encode(), site).decode()
        if "status" in said:
            return _Reply(said["status"], more)
        content = self.content(site, said.get("file", path))
        if content is None:
            return _Reply(404, {"Content-Type": "text/html"}, b"<h1>404</h1>")
        if said.get("gzipped_file"):
            content = gzip.compress(content, mtime=0)
        suffix = path.rpartition(".")[2]
        kind = said.get("type") or site.settings.get("types", {}).get(suffix) or _TYPES.get(suffix, "text/html")
        stated = {"Content-Type": kind, **self._validators(site, path, content), **more}
        if _is_fresh(headers, stated):
            return _Reply(304, {name: stated[name] for name in ("ETag", "Last-Modified") if name in stated})
        if site.settings.get("compress") and "gzip" in headers.get("accept-encoding", ""):
            return _Reply(200, {**stated, "Content-Encoding": "gzip"}, gzip.compress(content, mtime=0))
        return _Reply(200, stated, content)

    def content(self, site: _Site, path: str) -> bytes | None:
        """What is served there now."""
        content = self.replaced.get((site.name, path), site.content(path))
        return None if content is None else self._filled(content, site)

    def _filled(self, content: bytes, site: _Site) -> bytes:
        return content.replace(b"{{origin}}", site.origin.encode()).replace(b"{{port}}", str(self.port).encode())

    def _validators(self, site: _Site, path: str, content: bytes) -> Headers:
        if site.settings.get("validators") == "last-modified":
            changed = (site.name, path) in self.replaced
            return {"Last-Modified": formatdate(_RECORDED_AT + 60.0 * changed, usegmt=True)}
        return {"ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"'}


def _site(host: str) -> _Site:
    """The site of a Host header; by address one comes to the site with the most languages."""
    name = host.partition(":")[0]
    return _Site(name if (RECORDED / name / "site.toml").exists() else _DEFAULT_SITE, f"http://{host}")


def _is_fresh(asked: Headers, stated: Headers) -> bool:
    if "if-none-match" in asked:
        return bool(asked["if-none-match"] == stated.get("ETag"))
    if "if-modified-since" in asked and "Last-Modified" in stated:
        return bool(parsedate_to_datetime(stated["Last-Modified"]) <= parsedate_to_datetime(asked["if-modified-since"]))
    return False


async def _write(writer: asyncio.StreamWriter, reply: _Reply, body: bytes | None = None) -> None:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Status')}\r\n{lines}\r\n".encode("latin-1"))
    writer.write(reply.body if body is None else body)
    await writer.drain()


# Behaviours: each writes an answer and says its status, and whether the connection goes on.

_Behaviour = Callable[[RecordedWeb, _Site, str, asyncio.StreamWriter], Awaitable[tuple[int, bool]]]


def _file(web: RecordedWeb, site: _Site, path: str) -> bytes:
    content = web.content(site, site.answer(path).get("file", path))
    assert content is not None, f"{site.name}{path} is not recorded"
    return content


async def _slow(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """The body in two pieces with a pause before each."""
    content = _file(web, site, path)
    await asyncio.sleep(_SLOW_S)
    await _write(writer, _Reply(200, {"Content-Type": "text/html", "Content-Length": str(len(content))}), content[:50])
    await asyncio.sleep(_SLOW_S)
    writer.write(content[50:])
    await writer.drain()
    return 200, True


async def _busy(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """At first "come back in a second"."""
    if web._times_asked[site.name, path] == 1:
        await _write(writer, _Reply(503, {"Retry-After": "1"}))
        return 503, True
    await _write(writer, _Reply(200, {"Content-Type": "text/html"}, _file(web, site, path)))
    return 200, True


async def _flaky(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """At first an error of the server."""
    if web._times_asked[site.name, path] == 1:
        await _write(writer, _Reply(500, {}))
        return 500, True
    await _write(writer, _Reply(200, {"Content-Type": "text/html"}, _file(web, site, path)))
    return 200, True


async def _truncated(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """Less than the header promises."""
    content = _file(web, site, path)
    await _write(writer, _Reply(200, {"Content-Length": str(len(content))}), content[: len(content) // 2])
    return 200, False


async def _reset(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """The connection is cut in the middle."""
    content = _file(web, site, path)
    await _write(writer, _Reply(200, {"Content-Length": str(len(content))}), content[:40])
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return 200, False


async def _bomb(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """Two gigabytes of nothing in two megabytes."""
    piece = gzip.compress(bytes(10_000_000), mtime=0)
    await _write(
        writer, _Reply(200, {"Content-Encoding": "gzip", "Content-Length": str(len(piece) * (_BOMB_BYTES // 10_000_000))})
    )
    for _ in range(_BOMB_BYTES // 10_000_000):
        writer.write(piece)
        await writer.drain()
    return 200, True


async def _endless(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """Pieces for as long as anybody listens."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
        await writer.drain()


async def _stall(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """A header, and then nothing any more."""
    await _write(writer, _Reply(200, {"Content-Length": "1000"}))
    await web._closing.wait()
    return 200, False


async def _not_http(web: RecordedWeb, site: _Site, path: str, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    """Another protocol."""
    writer.write(b"220 mail.wackelkontakt.example ESMTP\r\n")
    await writer.drain()
    return 0, False


_BEHAVIOURS: Mapping[str, _Behaviour] = {
    "slow": _slow,
    "busy": _busy,
    "flaky": _flaky,
    "truncated": _truncated,
    "reset": _reset,
    "bomb": _bomb,
    "endless": _endless,
    "stall": _stall,
    "not-http": _not_http,
}


async def _serve_for_ever(port: int) -> None:
    async with RecordedWeb(port) as web:
        for site in sorted(folder.name for folder in RECORDED.iterdir() if folder.is_dir()):
            print(f"curl -H 'Host: {site}:{web.port}' http://127.0.0.1:{web.port}/robots.txt")
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(8_099))
