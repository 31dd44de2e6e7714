"""The HTTP API: GET /trends, answered from this worker's counters and those of the others; read-only."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
import orjson
from pydantic import ValidationError

from schemas.trend import Window
from services.runtime.logs import get_log
from services.trends.answer import Answer, Row, merged
from services.trends.event_time import BUCKET_S, bucket_of
from services.trends.query import Query, WrongParameter, parse

log = get_log(__name__)

PATH = "/trends"

_JSON, _PROBLEM = "application/json", "application/problem+json"
_TYPE_BASE = "https://newsloom.example/problems/"
_RETRY_AFTER_S = 5

# A worker that is asked by another answers from memory: in milliseconds, or it has other worries.
_SHARE_TIMEOUT_S = 2.0

Fetch = Callable[[str], Awaitable[bytes]]
"""The body at a URL; raises OSError or TimeoutError when there is none with status 200."""


class Counters(Protocol):
    """This worker's share of what was counted, as far as the API needs it."""

    @property
    def now_s(self) -> int | None:
        """The stream's time, seconds since 1970; None before the first article."""
        ...

    @property
    def partitions(self) -> Collection[int]:
        """Those that are here and whose state has been read back, so that the numbers are right."""
        ...

    def top(self, query: Query, now_s: int) -> Sequence[Row]:
        """The first rows of each of them, for the window that ends at this time."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = _JSON
    headers: tuple[tuple[str, str], ...] = (("Cache-Control", "no-store"),)


@dataclass(frozen=True, slots=True)
class Door:
    """Answers /trends: with its own share when a worker asks, with all shares put together when anybody else does."""

    counters: Counters
    partitions: int
    """How many the counters have in all."""
    others: Callable[[], Sequence[str]]
    """Addresses of the other workers that hold some, such as http://trends-2:6066."""
    fetch: Fetch

    async def reply(self, parameters: Sequence[tuple[str, str]]) -> Reply:
        """The answer to a request with these parameters."""
        try:
            query = parse(parameters)
        except WrongParameter as wrong:
            return _problem(400, "wrong-parameter", "A parameter is wrong", str(wrong), parameter=wrong.parameter)
        answer = share(self.counters, query, self.partitions) if query.is_local else await self._whole(query)
        if not answer.partitions and not query.is_local:
            return _problem(503, "recovering", "The counters are being read back", "Try again in some seconds.")
        return Reply(200, answer.model_dump_json().encode())

    async def _whole(self, query: Query) -> Answer:
        """Every worker's share at one time: the latest that any of them has seen."""
        own = share(self.counters, query, self.partitions)
        others = dict.fromkeys(self.others())
        answers = await self._shares(list(others), query, own.now)
        latest = max((each.now for each in (own, *answers.values()) if each.now is not None), default=None)
        behind = [url for url, each in answers.items() if each.now != latest]
        answers |= await self._shares(behind, query, latest)
        if latest != own.now:
            own = share(self.counters, query.for_another_worker(_seconds(latest)), self.partitions)
        return put_together([own, *answers.values()], query, self.partitions, workers=1 + len(others))

    async def _shares(self, urls: Sequence[str], query: Query, now: datetime | None) -> dict[str, Answer]:
        """The shares of those that answer."""
        asked = urlencode(query.for_another_worker(_seconds(now)).parameters())
        answers = await asyncio.gather(*(self._share(f"{url.rstrip('/')}{PATH}?{asked}") for url in urls))
        return {url: answer for url, answer in zip(urls, answers, strict=True) if answer is not None}

    async def _share(self, url: str) -> Answer | None:
        try:
            return Answer.model_validate_json(await self.fetch(url))
        except (OSError, TimeoutError, ValidationError) as error:
            log.warning("share_missing", url=url.partition("?")[0], error=type(error).__name__)
            return None


def share(counters: Counters, query: Query, partitions: int) -> Answer:
    """What one worker knows; the window ends at its own time, or at the query's when that is later."""
    times = [each for each in (counters.now_s, query.now_s) if each is not None]
    rows = counters.top(query, max(times)) if times else ()
    return _answer(max(times, default=None), rows, query, (counters.partitions, partitions), workers=1)


def put_together(answers: Sequence[Answer], query: Query, partitions: int, workers: int) -> Answer:
    """One answer from the workers' shares."""
    latest = max((each.now for each in answers if each.now is not None), default=None)
    # While partitions change hands two workers may tell of the same thing.
    rows = {(row.kind, row.type, row.name): row for each in answers for row in each.trends}
    held = {partition for each in answers for partition in each.partitions}
    return _answer(_seconds(latest), tuple(rows.values()), query, (held, partitions), workers)


def _answer(now_s: int | None, rows: Sequence[Row], query: Query, held: tuple[Collection[int], int], workers: int) -> Answer:
    here, partitions = held
    return Answer(
        now=None if now_s is None else _moment(now_s),
        window=None if now_s is None else window_of(now_s, query.window_s),
        trends=merged(rows, query.order, query.limit),
        workers=workers,
        partitions=tuple(sorted(here)),
        partial=len(here) < partitions,
    )


def install(app: Any, door: Door) -> None:
    """Puts the door on a Faust application's web server."""

    @app.page(PATH)  # type: ignore[untyped-decorator]
    async def trends(view: Any, request: Any) -> Any:
        reply = await door.reply(list(request.query.items()))
        return view.bytes(reply.body, status=reply.status, content_type=reply.content_type, headers=dict(reply.headers))


def other_workers(app: Any, changelog: str) -> list[str]:
    """Addresses of the other workers that hold partitions of a table, by its changelog; as Faust's assignor spread them."""
    own = str(app.conf.canonical_url)
    return [url for url, topics in app.router.tables_metadata().items() if topics.get(changelog) and url != own]


def fetch_with(session: aiohttp.ClientSession) -> Fetch:
    """Fetches with the session that Faust has anyway."""

    async def fetch(url: str) -> bytes:
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=_SHARE_TIMEOUT_S)) as response:
                response.raise_for_status()
                return await response.read()
        except aiohttp.ClientError as error:
            raise OSError(str(error)) from error

    return fetch


def _problem(status: int, slug: str, title: str, detail: str, **more: str) -> Reply:
    """Problem details (RFC 9457), as the gateway's."""
    document = {"type": _TYPE_BASE + slug, "title": title, "status": status, "detail": detail, **more}
    wait = (("Retry-After", str(_RETRY_AFTER_S)),) if status == 503 else ()
    return Reply(status, orjson.dumps(document), _PROBLEM, (("Cache-Control", "no-store"), *wait))


def window_of(now_s: int, window_s: int) -> Window:
    """Whole quarters of an hour, up to the end of the one that is now."""
    end_s = (bucket_of(now_s) + 1) * BUCKET_S
    return Window(start=_moment(end_s - window_s), end=_moment(end_s))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
