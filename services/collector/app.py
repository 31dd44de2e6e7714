"""Builds the collector and wires its parts together: the only place that knows every part."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from importlib.metadata import PackageNotFoundError, version

from services.collector import outbox
from services.collector.clients import Clients
from services.collector.crawler import Crawler
from services.collector.errors import NotHandedOver
from services.collector.fetch import Fetcher, FetchLimits
from services.collector.handover import HandOver, new_gateway_client
from services.collector.metrics import CollectorMetrics, new_metrics
from services.collector.politeness import Gate
from services.collector.robots import Robots
from services.collector.settings import CollectorSettings
from services.collector.site_files import SiteFiles
from services.collector.sources import Source, load_sources, needs_contact
from services.collector.state import State, opened_state
from services.collector.tdm_files import TdmFiles
from services.collector.transport import Resolve, resolve_by_system
from services.collector.worker import Worker, WorkerLimits
from services.runtime.data_folder import data_folder
from services.runtime.errors import ConfigurationError
from services.runtime.health import HealthServer, Verdict
from services.runtime.lifecycle import LoopWatch, stop_on_signals
from services.runtime.logs import get_log

log = get_log(__name__)

_LOOP_STUCK_S = 30.0
_DRAIN_LOOK_S = 0.05


async def run(
    settings: CollectorSettings,
    horizon_s: float | None = None,
    resolve: Resolve = resolve_by_system,
    now: Callable[[], float] = time.time,
) -> None:
    """Collects until SIGTERM or SIGINT.

    With a horizon only until nothing more is due within so many seconds, and everything is handed over.

    Raises:
        ConfigurationError: settings or sources are wrong, a contact is missing, or the state file or health port is taken.
        NotHandedOver: with a horizon, when the gateway stays away.
    """
    sources = read_sources(settings)
    metrics, watch = new_metrics(), None
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        watch = await stack.enter_async_context(LoopWatch(metrics.loop_lag_seconds).running())
        state = await stack.enter_async_context(opened_state(settings.state_path or data_folder() / "collector.sqlite"))
        crawler, hand_over = await build(stack, settings, sources, state, metrics, resolve, now)
        health = HealthServer(
            settings.health_host,
            settings.health_port,
            lambda: _alive(watch),
            lambda: Verdict(hand_over.trouble is None, {"sources": len(sources), "gateway": hand_over.trouble or "ok"}),
            metrics.registry,
        )
        stack.enter_context(health)
        log.info("started", sources=len(sources), gateway=settings.gateway_url, health_port=health.port)
        await _work(crawler, hand_over, state, stop, settings.stop_deadline_s, horizon_s)


def read_sources(settings: CollectorSettings) -> tuple[Source, ...]:
    """The sources; none is no mistake, but there is nothing to do then.

    Raises:
        ConfigurationError: a file is wrong, or no contact is set and a source is on the public web.
    """
    folder = settings.sources_dir or data_folder() / "sources"
    sources = load_sources(folder)
    if not sources:
        log.warning("no_sources", folder=str(folder), what_to_do="put a TOML file there: seeds/sources/README.md")
    if needs_contact(sources) and not settings.contact:
        raise ConfigurationError(
            "COLLECTOR_CONTACT is not set: publishers have to be able to write to whoever fetches their pages "
            "(an e-mail address or a web page)"
        )
    return sources


async def build(
    stack: AsyncExitStack,
    settings: CollectorSettings,
    sources: Sequence[Source],
    state: State,
    metrics: CollectorMetrics,
    resolve: Resolve,
    now: Callable[[], float],
) -> tuple[Crawler, HandOver]:
    """The two halves: one fetches into the outbox, the other empties it."""
    own_version = _version()
    clients = await stack.enter_async_context(Clients(settings, user_agent(settings, own_version), resolve))
    executor = stack.enter_context(ThreadPoolExecutor(settings.extract_threads, thread_name_prefix="extract"))
    gate = Gate(state, now, asyncio.sleep, random.random, settings.retry_first_s, settings.retry_max_s)
    limits = FetchLimits(settings.fetch_deadline_s, settings.max_redirects, settings.retry_after_max_s)
    fetcher = Fetcher(clients.of, gate, now, limits)
    files = SiteFiles(state, now, settings.robots_max_age_s)
    robots = Robots(fetcher, files, settings.agent)
    key = settings.gateway_api_key.get_secret_value() if settings.gateway_api_key else None
    gateway = await stack.enter_async_context(new_gateway_client(settings.gateway_url, key))
    hand_over = HandOver(state, gateway, now, random.random, metrics, settings.hand_over_concurrency)
    by_id = {source.id: source for source in sources}
    worker = Worker(
        sources=by_id,
        state=state,
        fetcher=fetcher,
        robots=robots,
        tdm_files=TdmFiles(fetcher, files, robots),
        executor=executor,
        now=now,
        random=random.random,
        limits=WorkerLimits(
            max_page_bytes=settings.max_page_bytes,
            max_listing_bytes=settings.max_listing_bytes,
            max_entries=settings.max_entries,
            retry_first_s=settings.retry_first_s,
            retry_max_s=settings.retry_max_s,
            max_failures=settings.max_failures,
        ),
        metrics=metrics,
        version=own_version,
    )
    crawler = Crawler(
        sources=by_id,
        state=state,
        worker=worker,
        now=now,
        arrived=hand_over.arrived,
        concurrency=settings.fetch_concurrency,
        outbox_max=settings.outbox_max_articles,
        lease_s=max(settings.retry_first_s, settings.fetch_deadline_s),
    )
    return crawler, hand_over


async def _work(
    crawler: Crawler, hand_over: HandOver, state: State, stop: asyncio.Event, stop_deadline_s: float, horizon_s: float | None
) -> None:
    handing_over = asyncio.create_task(hand_over.run(), name="hand-over")
    crawling = asyncio.create_task(crawler.run(stop, horizon_s), name="crawl")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((handing_over, crawling, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not handing_over.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(stop_deadline_s if stop.is_set() else None):
                    await crawling
            if horizon_s is not None:
                await _drained(hand_over, state, lambda: stop.is_set() or handing_over.done(), stop_deadline_s)
        if handing_over.done():
            await handing_over  # raises what ended it
        log.info("stopped", outbox=await state(outbox.waiting))
    finally:
        for task in (handing_over, crawling, stopping):
            task.cancel()
        await asyncio.gather(handing_over, crawling, stopping, return_exceptions=True)


async def _drained(hand_over: HandOver, state: State, is_over: Callable[[], bool], patience_s: float) -> None:
    """Waits until the outbox is empty.

    Raises:
        NotHandedOver: the gateway has been in trouble all this while; what waits is kept for the next run.
    """
    well_at = time.monotonic()
    while not is_over() and (waiting := await state(outbox.waiting)):
        well_at = well_at if hand_over.trouble else time.monotonic()
        if time.monotonic() - well_at > patience_s:
            raise NotHandedOver(f"{waiting} articles wait in the state file: {hand_over.trouble}")
        await asyncio.sleep(_DRAIN_LOOK_S)


def user_agent(settings: CollectorSettings, own_version: str) -> str:
    """ "newsloom/0.1.0 (+contact)": who we are, and who is to be written to."""
    return f"{settings.agent}/{own_version}" + (f" (+{settings.contact})" if settings.contact else "")


def _version() -> str:
    try:
        return version("newsloom")
    except PackageNotFoundError:  # a checkout that isn't installed
        return "0"


def _alive(watch: LoopWatch) -> Verdict:
    age_s = time.monotonic() - watch.turned_at
    return Verdict(age_s < _LOOP_STUCK_S, {"loop_turned_s_ago": round(age_s, 1)})
