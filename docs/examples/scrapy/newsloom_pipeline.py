"""A Scrapy item pipeline that hands articles to a Newsloom gateway: copy this one file into your project.

    ITEM_PIPELINES = {"newsloom_pipeline.NewsloomPipeline": 900}
    NEWSLOOM_GATEWAY = "http://127.0.0.1:8080"
    NEWSLOOM_API_KEY = os.environ.get("NEWSLOOM_API_KEY")

An item needs `url` and one of `text` and `html`; the other fields of a raw article are optional, and whatever else an item has
stays in your project. An item waits until the gateway has confirmed it, so Scrapy stops fetching when the gateway is slow, and
what comes out of this pipeline is on the topic news.raw. An item that is no article is dropped with the field and the reason.
What can't be handed over is appended to a file that `newsloom import jsonl` reads: nothing is lost.

Needs Scrapy 2.13 or later with its asyncio reactor, which is the default; nothing else that Scrapy doesn't bring.
"""

import asyncio
import gzip
import json
import logging
import random
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from itemadapter import ItemAdapter
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured

logger = logging.getLogger(__name__)

FIELDS = (
    *("url", "canonical_url", "title", "text", "html", "source", "authors", "published_at", "collected_at", "language_hint"),
    *("section", "image", "licence", "revision", "collector"),
)

# What a later try may change: too many requests, time-outs, and everything that is the server's own fault.
_AGAIN = (408, 409, 425, 429)
_TOO_LARGE = 413
_UNAUTHORISED = (401, 403, 404, 405)

_TIMEOUT_S = 60.0
_FIRST_WAIT_S, _LONGEST_WAIT_S, _LONGEST_RETRY_AFTER_S = 0.5, 60.0, 3_600.0
_COMPRESSED_FROM_BYTES = 1_000


@dataclass(frozen=True)
class Answer:
    """What the gateway said; status 0 when it couldn't be reached."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None

    @property
    def is_worth_another_try(self) -> bool:
        return self.status == 0 or self.status in _AGAIN or self.status >= 500

    @property
    def why(self) -> str:
        """A line for the log."""
        try:
            return f"{self.status}: {json.loads(self.body)['detail']}"
        except (ValueError, KeyError, TypeError):
            return f"{self.status or 'not reached'}: {self.body[:200].decode('utf-8', 'replace')}"


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would lose the articles and hand the key to somebody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Gateway:
    """The gateway's door for many articles at once."""

    def __init__(self, address: str, key: str | None) -> None:
        self._url = address.rstrip("/") + "/v1/articles:batch"
        self._headers = {"Content-Type": "application/x-ndjson", "User-Agent": "newsloom-scrapy"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._opener = build_opener(_NoRedirect)

    def post(self, lines: Sequence[bytes], is_dry_run: bool = False) -> Answer:
        """Sends the lines and waits for the answer; to be called in a thread."""
        body, headers = b"".join(line + b"\n" for line in lines), dict(self._headers)
        if len(body) >= _COMPRESSED_FROM_BYTES:
            body = gzip.compress(body, compresslevel=3)
            headers["Content-Encoding"] = "gzip"
        request = Request(self._url + ("?dry_run=true" if is_dry_run else ""), data=body, headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                return Answer(response.status, response.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.read(), _seconds(error.headers.get("Retry-After")))
        except OSError as error:  # also a connection that breaks off and a time-out
            return Answer(0, str(error).encode())


def _seconds(retry_after: str | None) -> float | None:
    """From Retry-After, in seconds or as a date (RFC 9110, section 10.2.3); never negative, never more than an hour."""
    if not retry_after:
        return None
    try:
        wait = float(retry_after) if retry_after.strip().isdecimal() else _until(retry_after)
    except (TypeError, ValueError):
        return None
    return min(max(wait, 0.0), _LONGEST_RETRY_AFTER_S)


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time()


@dataclass
class _Waiting:
    line: bytes
    result: "asyncio.Future[Mapping[str, Any]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class NewsloomPipeline:
    """Gathers items into batches, sends one batch after the other, and gives each item its own result."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        address, key = settings.get("NEWSLOOM_GATEWAY", "http://127.0.0.1:8080"), settings.get("NEWSLOOM_API_KEY")
        if urlsplit(address).scheme not in ("http", "https"):
            raise NotConfigured(f"NEWSLOOM_GATEWAY is an http or https address, not {address!r}")
        self._crawler, self._gateway = crawler, Gateway(address, key)
        self._fields: Mapping[str, str] = {name: name for name in FIELDS} | settings.getdict("NEWSLOOM_FIELDS")
        self._batch_lines = settings.getint("NEWSLOOM_BATCH_LINES", 100)
        self._batch_bytes = settings.getint("NEWSLOOM_BATCH_BYTES", 4_000_000)
        self._linger_s = settings.getfloat("NEWSLOOM_LINGER_S", 0.5)
        self._give_up_s = settings.getfloat("NEWSLOOM_GIVE_UP_S", 600.0)
        self._unsent = Path(settings.get("NEWSLOOM_UNSENT", "newsloom-unsent.jsonl"))
        self._waiting: deque[_Waiting] = deque()
        self._is_full = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "NewsloomPipeline":
        """As Scrapy makes it."""
        return cls(crawler)

    async def open_spider(self, spider: Spider | None = None) -> None:
        """Asks whether the key is right before anything is fetched; a gateway that is away may still come back."""
        answer = await asyncio.to_thread(self._gateway.post, [], True)
        if answer.status in _UNAUTHORISED or 300 <= answer.status < 400:
            raise RuntimeError(f"the Newsloom gateway refuses us ({answer.why}): see NEWSLOOM_GATEWAY and NEWSLOOM_API_KEY")

    async def process_item(self, item: Any, spider: Spider | None = None) -> Any:
        """The item, when it is on the topic; raises DropItem with the reason otherwise."""
        waiting = _Waiting(self._line(item))
        self._waiting.append(waiting)
        if len(self._waiting) >= self._batch_lines:
            self._is_full.set()
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all())
        result = await waiting.result
        self._count(result["status"])
        if result["status"] in ("accepted", "duplicate"):
            return item
        where = f"{result['field']}: " if result.get("field") else ""
        raise DropItem(f"{result['status']} by the Newsloom gateway: {where}{result.get('reason')} {result.get('detail') or ''}")

    async def close_spider(self, spider: Spider | None = None) -> None:
        """Waits for what is still on its way."""
        if self._sender is not None:
            await self._sender

    def _line(self, item: Any) -> bytes:
        adapter = ItemAdapter(item)
        article = {name: adapter[own] for name, own in self._fields.items() if name in FIELDS and adapter.get(own) is not None}
        spider = self._crawler.spider
        article.setdefault("collector", {"name": spider.name if spider else "scrapy"})
        return json.dumps(article, ensure_ascii=False, default=_plain).encode("utf-8", "replace")

    def _count(self, status: str, count: int = 1) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"newsloom/{status}", count)

    async def _send_all(self) -> None:
        while self._waiting:
            try:
                async with asyncio.timeout(self._linger_s):
                    await self._is_full.wait()
            except TimeoutError:
                pass
            batch = self._take()
            try:
                await self._send(batch)
            except BaseException as error:
                for each in batch:
                    if not each.result.done():
                        each.result.set_exception(error)
                raise

    def _take(self) -> Sequence[_Waiting]:
        batch, size = [self._waiting.popleft()], 0
        while self._waiting and len(batch) < self._batch_lines and (size := size + len(batch[-1].line)) < self._batch_bytes:
            batch.append(self._waiting.popleft())
        if len(self._waiting) < self._batch_lines:
            self._is_full.clear()
        return batch

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        """Gives every item of the batch its result, however long that takes."""
        answer = await self._answered([each.line for each in batch])
        if answer.status == _TOO_LARGE and len(batch) > 1:
            half = len(batch) // 2
            await self._send(batch[:half])
            await self._send(batch[half:])
            return
        if answer.status == 200:
            results = {result["line"]: result for result in json.loads(answer.body)["results"]}
        elif answer.status == _TOO_LARGE:
            results = {1: {"status": "rejected", "reason": "body_too_large"}}
        else:
            logger.error("Newsloom: %d articles go to %s: %s", len(batch), self._unsent, answer.why)
            results = {}
        for number, each in enumerate(batch, 1):
            result = results.get(number, {"status": "unsent", "reason": f"it is in {self._unsent}"})
            if result["status"] == "unsent" or result.get("reason") == "quota_used_up":
                self._keep(each.line)
                result = {**result, "status": "unsent"}
            if not each.result.done():  # Scrapy may have given the item up
                each.result.set_result(result)

    async def _answered(self, lines: Sequence[bytes]) -> Answer:
        """An answer that another try won't change, or the last one before giving up."""
        deadline, wait_s = time.monotonic() + self._give_up_s, _FIRST_WAIT_S
        while True:
            answer = await asyncio.to_thread(self._gateway.post, lines)
            pause_s = wait_s * random.uniform(0.5, 1.0) if answer.retry_after_s is None else answer.retry_after_s
            if not answer.is_worth_another_try or time.monotonic() + pause_s > deadline:
                return answer
            self._count("retries")
            logger.warning("Newsloom: trying again in %.1f s (%s)", pause_s, answer.why)
            await asyncio.sleep(pause_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _keep(self, line: bytes) -> None:
        with self._unsent.open("ab") as file:
            file.write(line + b"\n")


def _plain(value: Any) -> Any:
    """What JSON has no form for: times in RFC 3339, bytes as UTF-8, anything else as text."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
