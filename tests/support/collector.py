"""The collector inside a test: sources on the recorded web, a stand-in for the gateway, and runs with a clock of the test's."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from schemas.identity import article_id, canonical_url, content_digest
from services.collector import app
from services.collector.settings import CollectorSettings
from tests.support.recorded_web import RecordedWeb

# Site → its feeds and sitemaps.
LISTINGS: dict[str, dict[str, Sequence[str]]] = {
    "severny-mayak.example": {"feeds": ["/rss.xml"]},
    "manara-news.example": {"feeds": ["/rss.xml"]},
    "minato-shimpo.example": {"feeds": ["/atom.xml"]},
    "nanqiao-ribao.example": {"sitemaps": ["/news-sitemap.xml"]},
    "kordon-postasi.example": {"feeds": ["/rss.xml"]},
    "harbour-herald.example": {"feeds": ["/feed.json"]},
    "courrier-deux-rives.example": {"sitemaps": ["/sitemap.xml"]},
    "kontinent-wire.example": {"feeds": ["/rss.xml"]},
    "stille-post.example": {"feeds": ["/rss.xml"]},
    "wackelkontakt.example": {"feeds": ["/rss.xml", "/malformed.xml", "/entities.xml"]},
}
BROKEN_SITE = "wackelkontakt.example"
SOUND_SITES = tuple(site for site in LISTINGS if site != BROKEN_SITE)

INTERVAL_S = 0.05
POLL_S = 600.0


def write_sources(folder: Path, web: RecordedWeb, sites: Sequence[str], interval_s: float = INTERVAL_S, more: str = "") -> Path:
    """A folder with a source for each of these sites of the recorded web."""
    folder.mkdir(exist_ok=True)
    tables = [
        f'[[source]]\nid = "{site.split(".")[0]}"\nname = "{site}"\ndomain = "{site}"\nallow_private = true\n'
        f"interval_s = {interval_s}\npoll_min_s = {POLL_S}\nmax_age_days = 3650\n{more}\n"
        + "".join(f"{kind} = {[web.origin(site) + path for path in paths]}\n" for kind, paths in LISTINGS[site].items())
        for site in sites
    ]
    (folder / "recorded.toml").write_text("\n".join(tables), encoding="utf-8")
    return folder


def fast_settings(folder: Path, gateway_port: int, **changed: Any) -> CollectorSettings:
    """Settings with waits that a test can see the end of."""
    values: dict[str, Any] = {
        "sources_dir": folder / "sources",
        "state_path": folder / "state.sqlite",
        "gateway_url": f"http://127.0.0.1:{gateway_port}",
        "health_port": 0,
        "retry_first_s": 0.2,
        "fetch_deadline_s": 3.0,
        "read_timeout_s": 2.0,
        "max_failures": 2,
        "max_page_bytes": 2_000_000,
        **changed,
    }
    return CollectorSettings(**values)


@dataclass
class StandInGateway:
    """Answers POST /v1/articles as the gateway does, from memory; refusals can be lined up."""

    got: list[dict[str, Any]] = field(default_factory=list)
    """Every article that was answered 202, in order."""
    statuses: list[str] = field(default_factory=list)
    """What was said of each: accepted or duplicate."""
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """(status, headers) for the next requests."""
    port: int = 0
    delay_s: float = 0.0
    """Between taking an article and saying so."""
    _digests: dict[str, str] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _connections: "dict[asyncio.Task[None], asyncio.StreamWriter]" = field(default_factory=dict)

    async def __aenter__(self) -> "StandInGateway":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """The articles without what was a duplicate."""
        return [article for article, status in zip(self.got, self.statuses, strict=True) if status == "accepted"]

    def by_address(self) -> dict[str, dict[str, Any]]:
        """The last article of each canonical URL."""
        return {canonical_url(article.get("canonical_url") or article["url"]): article for article in self.got}

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
                status, headers, body = self._answer(head.split(" ", 2)[1], await reader.readexactly(length))
                await asyncio.sleep(self.delay_s)
                lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "content-length": str(len(body))}.items())
                writer.write(f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body)
                await writer.drain()
        del self._connections[task]
        writer.close()

    def _answer(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if path != "/v1/articles":
            return 404, {}, b"{}"
        if self.refusals:
            return (*self.refusals.pop(0), b'{"title": "not now"}')
        article = orjson.loads(body)
        identity = article_id(article.get("canonical_url") or article["url"])
        digest = content_digest(article.get("title"), article["text"])
        status = "duplicate" if self._digests.get(identity) == digest else "accepted"
        self._digests[identity] = digest
        self.got.append(article)
        self.statuses.append(status)
        return 202, {"content-type": "application/json"}, orjson.dumps({"article_id": identity, "status": status})


async def collect_once(settings: CollectorSettings, web: RecordedWeb, later_s: float = 0.0, horizon_s: float = 1.5) -> None:
    """Runs the whole collector until nothing is due soon, with its clock so many seconds ahead of ours."""
    await app.run(settings, horizon_s=horizon_s, resolve=web.resolve, now=lambda: time.time() + later_s)
