"""Builds the trends service and wires its parts together: the only place that knows every part."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faust.exceptions import ConsistencyError

from schemas.topics import (
    NEWS_DUPLICATES,
    NEWS_ENRICHED,
    NEWS_ENRICHED_DLQ,
    NEWS_TRENDS,
    NEWS_TRENDS_ARTICLES,
    NEWS_TRENDS_MENTIONS,
    Topic,
)
from services.runtime.data_folder import data_folder
from services.runtime.errors import ConfigurationError
from services.runtime.health import HealthServer
from services.runtime.lifecycle import LoopWatch, stop_on_signals
from services.runtime.logs import get_log
from services.runtime.settings import KafkaSettings
from services.runtime.topic_admin import ensure_topic, open_admin, partition_counts
from services.trends.articles import Articles
from services.trends.board import Board
from services.trends.counters import Counters
from services.trends.duplicates import Duplicates
from services.trends.faust_app import new_app, quiet_libraries
from services.trends.metrics import TrendsMetrics, new_metrics
from services.trends.originals import Originals
from services.trends.settings import TrendsSettings
from services.trends.stage import Stage, run_stage
from services.trends.table import PartitionTable, Revoked
from services.trends.transport import App
from services.trends.watch import Watch
from services.trends.web import Door, fetch_with, install, other_workers

log = get_log(__name__)

_NEEDED = (NEWS_ENRICHED, NEWS_ENRICHED_DLQ, NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS, NEWS_TRENDS, NEWS_DUPLICATES)
_LOAD_EVERY_S = 0.03

# As Kafka Streams makes its changelogs: a lost folder is read back from what compaction has left.
_SEGMENT_BYTES = 52_428_800


async def run(bootstrap_servers: str, kafka: KafkaSettings, settings: TrendsSettings) -> None:
    """Runs the service until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: settings are wrong, topics are missing, or a port is taken.
        Exception: a bug in a stage; what isn't committed is read again by the next start.
    """
    quiet_libraries()
    brokers, partitions = await prepare_topics(bootstrap_servers, kafka, settings.group)
    data_dir = settings.data_dir or data_folder() / "trends"
    app = new_app(bootstrap_servers, kafka, settings, _made(data_dir), brokers)
    metrics = new_metrics()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        loop_watch = await stack.enter_async_context(LoopWatch(metrics.loop_lag_seconds).running())
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="trends"))
        counters, stages = _stages(app, executor, metrics, settings, partitions)
        for topic, stage in stages:
            _attach(app, topic, stage, settings, failed)
        install(
            app,
            Door(
                counters=Board(counters),
                partitions=partitions,
                others=lambda: other_workers(app, counters.changelog),
                fetch=lambda url: fetch_with(app.http_client)(url),
            ),
        )
        watch = Watch(app, loop_watch, counters, metrics)
        health = HealthServer(settings.health_host, settings.health_port, watch.alive, watch.ready, metrics.registry)
        stack.enter_context(health)
        await stack.enter_async_context(_started(app, settings.stop_deadline_s))
        for name, every_s, do in (
            ("publish", settings.flush_interval_s, counters.publish),
            ("load", _LOAD_EVERY_S, counters.load),
            ("watch", 1.0, watch.look),
        ):
            await stack.enter_async_context(_repeated(name, every_s, do, failed))
        log.info("started", bootstrap_servers=bootstrap_servers, group=settings.group, health_port=health.port)
        await _until(stop, failed, app)


def _stages(
    app: App, executor: ThreadPoolExecutor, metrics: TrendsMetrics, settings: TrendsSettings, partitions: int
) -> tuple[Counters, tuple[tuple[Topic, Stage], ...]]:
    """The counters, which the API reads too, and each stage with the topic that it reads."""
    articles = Articles(app, executor, settings.retention_s, metrics, _now)
    duplicates = Duplicates(
        app,
        PartitionTable(app, "articles", NEWS_TRENDS_ARTICLES.partitions),
        Originals(settings.duplicates_max_originals, settings.duplicates_threshold, settings.duplicates_window_s),
        executor,
        metrics,
        _now,
        settings.grace_s,
        settings.retention_s,
        settings.duplicates_threshold,
        partitions,
    )
    counters = Counters(
        app,
        PartitionTable(app, "counters", partitions),
        metrics,
        _now,
        settings.retention_s,
        settings.cache_max_keys,
        settings.ranking_max_keys,
    )
    return counters, ((NEWS_ENRICHED, articles), (NEWS_TRENDS_ARTICLES, duplicates), (NEWS_TRENDS_MENTIONS, counters))


def _now() -> datetime:
    return datetime.now(UTC)


async def prepare_topics(bootstrap_servers: str, kafka: KafkaSettings, group: str) -> tuple[int, int]:
    """Makes the changelogs and returns how many brokers there are, and how many partitions count.

    Faust would make the changelogs itself, with one copy of each record.
    """
    admin = await open_admin(bootstrap_servers, kafka)
    try:
        known = await partition_counts(admin)
        missing = [topic.name for topic in _NEEDED if topic.name not in known]
        if missing:
            raise ConfigurationError(f"topics are missing: {', '.join(missing)}; run newsloom topics apply")
        if known[NEWS_TRENDS_ARTICLES.name] != 1:
            raise ConfigurationError(f"{NEWS_TRENDS_ARTICLES.name} has {known[NEWS_TRENDS_ARTICLES.name]} partitions, not 1")
        for table, fed_by in (("articles", NEWS_TRENDS_ARTICLES), ("counters", NEWS_TRENDS_MENTIONS)):
            await ensure_topic(admin, _changelog(f"{group}-{table}-changelog", fed_by, known[fed_by.name]))
        return len((await admin.describe_cluster())["brokers"]), known[NEWS_TRENDS_MENTIONS.name]
    finally:
        await admin.close()


def _changelog(name: str, fed_by: Topic, partitions: int) -> Topic:
    """A changelog: the newest value of each key, for ever."""
    return replace(
        fed_by,
        name=name,
        key="the table's",
        partitions=partitions,
        cleanup_policy="compact",
        retention_ms=-1,
        segment_bytes=_SEGMENT_BYTES,
    )


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"can't make the tables' folder {folder}: {error.strerror}; set TRENDS_DATA_DIR") from error
    return folder


def _attach(app: App, topic: Topic, stage: Stage, settings: TrendsSettings, failed: "asyncio.Future[None]") -> None:
    source = app.topic(topic.name, key_serializer="raw", value_serializer="raw", allow_empty=True)

    async def agent(stream: Any) -> None:
        await run_stage(app, stage, stream, settings.batch_max_records, settings.batch_within_s, failed)

    app.agent(source, name=stage.name, concurrency=1)(agent)


@contextlib.asynccontextmanager
async def _started(app: App, stop_deadline_s: float) -> Any:
    """The application, started; stopped at a deadline, since Faust may wait for a broker that is away."""
    try:
        try:
            await app.start()
        except OSError as error:
            where = f"{app.conf.web_bind}:{app.conf.web_port}"
            raise ConfigurationError(f"can't serve the API on {where}: {error.strerror}; set TRENDS_WEB_PORT") from error
        yield
    finally:
        try:
            async with asyncio.timeout(stop_deadline_s):
                await app.stop()
        except TimeoutError:
            log.warning("stopped_at_deadline", deadline_s=stop_deadline_s)


@contextlib.asynccontextmanager
async def _repeated(name: str, every_s: float, do: Callable[[], Awaitable[None]], failed: "asyncio.Future[None]") -> Any:
    async def repeat() -> None:
        while True:
            await asyncio.sleep(every_s)
            with contextlib.suppress(Revoked):
                await do()

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not failed.done():
            failed.set_exception(error)

    task = asyncio.create_task(repeat(), name=f"trends-{name}")
    task.add_done_callback(ended)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def _until(stop: asyncio.Event, failed: "asyncio.Future[None]", app: App) -> None:
    """Until asked to stop, or something ended that must not."""
    asked, crashed = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(app._crashed.wait())
    ends: set[asyncio.Future[Any]] = {asked, crashed, failed}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
        if crashed.done():
            raise _reason(app)
    finally:
        asked.cancel()
        crashed.cancel()


def _reason(app: App) -> BaseException:
    """Why Faust gave up."""
    reason = app.crash_reason
    if isinstance(reason, ConsistencyError):
        return ConfigurationError(
            f"the tables in {app.conf.datadir} know more than their changelogs: they are of another broker, or of topics that "
            "were deleted. Delete the folder; they are read back from the changelogs"
        )
    return reason or RuntimeError("Faust gave up")
