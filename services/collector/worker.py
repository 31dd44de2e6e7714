"""One target's journey: ask for it, read it, write down what became of it; all that is slow happens off the event loop."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import orjson

from schemas.raw_article import OptOut, RawArticle
from services.collector import outbox, targets
from services.collector.errors import FetchFailed, Refused, Unreadable
from services.collector.extract import extract, parse_page
from services.collector.fetch import NOT_MODIFIED, Answer, Fetcher
from services.collector.listing import Entry, Listing
from services.collector.metrics import CollectorMetrics
from services.collector.optouts import opt_outs, refuses
from services.collector.robots import Robots
from services.collector.schedule import Random, backoff_s, next_check_at, next_interval_s
from services.collector.sitemaps import read_listing
from services.collector.sources import Source
from services.collector.state import State
from services.collector.targets import LISTING, PAGE, Target
from services.collector.tdm_files import TdmFiles
from services.runtime.logs import get_log

log = get_log(__name__)

T = TypeVar("T")

_DAY_S = 86_400.0
# "Not here", or "not for you": asking again changes nothing.
_FORBIDDING = range(400, 500)


@dataclass(frozen=True)
class WorkerLimits:
    """Bounds of one journey."""

    max_page_bytes: int
    max_listing_bytes: int
    max_entries: int
    retry_first_s: float
    retry_max_s: float
    max_failures: int


@dataclass(frozen=True)
class Declined:
    """A page whose publisher asks machines like ours to leave it alone."""

    opt_outs: tuple[OptOut, ...]


@dataclass(frozen=True)
class Worker:
    """Collects targets."""

    sources: Mapping[str, Source]
    state: State
    fetcher: Fetcher
    robots: Robots
    tdm_files: TdmFiles
    executor: Executor
    now: Callable[[], float]
    random: Random
    limits: WorkerLimits
    metrics: CollectorMetrics
    version: str

    async def collect(self, target: Target) -> None:
        """Takes a target to what becomes of it; never raises but for cancellation and a broken state file."""
        try:
            with self.metrics.fetch_seconds.time():
                outcome = await self._collect(target, self.sources[target.source])
        except FetchFailed as error:
            outcome = await self._failed(target, error)
        except (Refused, Unreadable) as error:
            outcome = await self._refused(target, error)
        except sqlite3.Error:
            raise  # without the state nothing can go on
        except Exception:
            log.exception("unexpected", url=target.place)
            outcome = await self._failed(target, FetchFailed("unexpected", "a bug; the log has its traceback"))
        self.metrics.fetches.labels(kind=target.kind, outcome=outcome).inc()

    async def _collect(self, target: Target, source: Source) -> str:
        if target.kind == LISTING:
            return await self._collect_listing(target, source)
        return await self._collect_page(target, source)

    # Listings

    async def _collect_listing(self, target: Target, source: Source) -> str:
        answer = await self._ask(target, source, self.limits.max_listing_bytes)
        if answer.status == NOT_MODIFIED:
            await self.state(self._listing_unchanged, target, source, answer)
            return "not_modified"
        listing = await self._offload(read_listing, answer, self.limits.max_listing_bytes, self.limits.max_entries)
        new = await self.state(self._listing_read, target, source, answer, listing)
        return "news" if new else "no_news"

    def _listing_unchanged(self, connection: sqlite3.Connection, target: Target, source: Source, answer: Answer) -> None:
        stated = answer.validators
        validators = replace(
            target.validators,
            etag=stated.etag or target.validators.etag,
            last_modified=stated.last_modified or target.validators.last_modified,
        )
        interval_s = self._next_interval_s(target, source, answer, had_news=False, asked_s=0.0)
        due_at = self._next_poll_at(target, interval_s)
        targets.done(connection, target.key, validators, self.now(), due_at, "not_modified", interval_s)

    def _listing_read(
        self, connection: sqlite3.Connection, target: Target, source: Source, answer: Answer, listing: Listing
    ) -> int:
        now = self.now()
        pages = [entry for entry in listing.pages if source.wants(entry.url) and not self._is_old(entry, source)]
        maps = [entry for entry in listing.sitemaps if source.reads(entry.url) and not self._is_old(entry, source)]
        new = targets.discover(connection, target, PAGE, pages, now, source.poll_min_s)
        new += targets.discover(connection, target, LISTING, maps, now, source.poll_min_s)
        interval_s = self._next_interval_s(target, source, answer, bool(new), listing.least_interval_s)
        due_at = self._next_poll_at(target, interval_s)
        targets.done(connection, target.key, answer.validators, now, due_at, "news" if new else "no_news", interval_s)
        return new

    def _is_old(self, entry: Entry, source: Source) -> bool:
        latest = entry.latest
        return latest is not None and latest.value.timestamp() < self.now() - source.max_age_days * _DAY_S

    def _next_interval_s(self, target: Target, source: Source, answer: Answer, had_news: bool, asked_s: float) -> float:
        least_s = min(max(source.poll_min_s, asked_s, answer.max_age_s), source.poll_max_s)
        return next_interval_s(target.interval_s, had_news, least_s, source.poll_max_s)

    def _next_poll_at(self, target: Target, interval_s: float) -> float | None:
        """A tenth of it by chance, so that many feeds don't fall due together. A sitemap whose index says when it changes
        waits for the index."""
        if target.parent is not None and target.modified is not None:
            return None
        return self.now() + interval_s * (0.95 + self.random() / 10)

    # Pages

    async def _collect_page(self, target: Target, source: Source) -> str:
        if not source.permission and (refusing := await self._refused_beforehand(target.url, source)):
            return await self.state(self._declined, target, refusing)
        answer = await self._ask(target, source, self.limits.max_page_bytes)
        if answer.status == NOT_MODIFIED:
            await self.state(self._page_unchanged, target, source, answer)
            return "not_modified"
        ai_agents, tdm_file = await self._said_by_site(answer.url, source)
        found = await self._offload(self._read_page, target, source, answer, ai_agents, tdm_file)
        if isinstance(found, Declined):
            return await self.state(self._declined, target, found.opt_outs)
        outcome = await self.state(self._page_read, target, source, answer, found)
        self.metrics.articles.labels(outcome=outcome).inc()
        return outcome

    async def _said_by_site(self, url: str, source: Source) -> tuple[tuple[str, ...], str]:
        rules = await self.robots.rules_for(url, source)
        return rules.refused_ai_agents(url), await self.tdm_files.content(url, source)

    async def _refused_beforehand(self, url: str, source: Source) -> tuple[OptOut, ...]:
        """What the site's files say against the page: then it isn't even fetched."""
        ai_agents, tdm_file = await self._said_by_site(url, source)
        return tuple(filter(refuses, opt_outs(url, Answer(url, 0).headers, (), ai_agents, tdm_file, self.robots.agent)))

    def _read_page(
        self, target: Target, source: Source, answer: Answer, ai_agents: tuple[str, ...], tdm_file: str
    ) -> RawArticle | Declined:
        with self.metrics.extract_seconds.time():
            page = parse_page(answer)
            said = opt_outs(answer.url, answer.headers, page.metas, ai_agents, tdm_file, self.robots.agent)
            if not source.permission and any(map(refuses, said)):
                return Declined(said)
            return extract(page, source, target.listed, said, datetime.fromtimestamp(self.now(), UTC), self.version)

    def _page_read(
        self, connection: sqlite3.Connection, target: Target, source: Source, answer: Answer, article: RawArticle
    ) -> str:
        outcome = outbox.enclose(connection, target.key, article, self.now())
        due_at = None if outcome == outbox.SAME_ARTICLE else self._next_check_at(target, source)
        targets.done(connection, target.key, answer.validators, self.now(), due_at, outcome)
        return outcome

    def _page_unchanged(self, connection: sqlite3.Connection, target: Target, source: Source, answer: Answer) -> None:
        due_at = self._next_check_at(target, source)
        targets.done(connection, target.key, target.validators, self.now(), due_at, "not_modified")

    def _declined(self, connection: sqlite3.Connection, target: Target, said: tuple[OptOut, ...]) -> str:
        detail = orjson.dumps([each.model_dump(exclude_none=True) for each in said]).decode()
        targets.done(connection, target.key, target.validators, self.now(), None, "opted_out", detail=detail)
        return "opted_out"

    def _next_check_at(self, target: Target, source: Source) -> float | None:
        now = self.now()
        return next_check_at(now if target.first_fetched_at is None else target.first_fetched_at, source.recheck_after_s, now)

    # Either

    async def _ask(self, target: Target, source: Source, max_bytes: int) -> Answer:
        async def check(url: str) -> float:
            return await self.robots.check(url, source)

        answer = await self.fetcher.get(target.url, source, check, max_bytes, target.validators)
        if answer.status in (200, NOT_MODIFIED):
            return answer
        if answer.status in _FORBIDDING:
            raise Refused(f"status_{answer.status}", f"the answer's status is {answer.status}")
        raise FetchFailed(f"status_{answer.status}", f"the answer's status is {answer.status}")

    async def _failed(self, target: Target, error: FetchFailed) -> str:
        if error.reason == "host_waits":
            await self.state(targets.postpone, target.key, error.retry_at or self.now() + self.limits.retry_first_s)
            return error.reason
        failures = target.failures + 1
        if target.kind == PAGE and failures >= self.limits.max_failures:
            log.warning("page_given_up", url=target.place, reason=error.reason, failures=failures)
            await self.state(targets.failed, target.key, failures, None, "given_up", str(error))
            return "given_up"
        wait = backoff_s(failures, self.limits.retry_first_s, self.limits.retry_max_s, self.random)
        due_at = max(self.now() + wait, error.retry_at or 0.0)
        log.warning(
            "fetch_failed", url=target.place, reason=error.reason, failures=failures, retry_in_s=round(due_at - self.now(), 1)
        )
        await self.state(targets.failed, target.key, failures, due_at, error.reason, str(error))
        return error.reason

    async def _refused(self, target: Target, error: Refused | Unreadable) -> str:
        """A page is left at that; a feed or sitemap, which a person named, is asked again from time to time."""
        reason = error.reason if isinstance(error, Refused) else "unreadable"
        due_at = None if target.kind == PAGE else self.now() + self.sources[target.source].poll_max_s
        log.warning("left_alone", kind=target.kind, url=target.place, reason=reason, message=str(error))
        await self.state(targets.failed, target.key, target.failures + 1, due_at, reason, str(error))
        return reason

    async def _offload(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)
