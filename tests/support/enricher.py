"""The enricher inside a test: the real worker and handler with stages of the test's choice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.enriched_article import Language
from schemas.topics import NEWS_RAW
from services.enricher.assemble import models_of
from services.enricher.batcher import Batcher
from services.enricher.pipeline import Pipeline
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft, Model, Stage
from services.enricher.worker import EnrichHandler
from services.runtime.failpoints import Failpoint, pass_by
from services.runtime.metrics import Metrics, new_metrics
from services.runtime.records import Handler
from services.runtime.sink import NewPartitionSink, transactional_sinks
from services.runtime.worker import StreamWorker
from tests.support.kafka import Broker

# No breaker: tests publish what fails on purpose.
FAST_SETTINGS = EnricherSettings(
    session_timeout_s=3,
    heartbeat_interval_s=0.5,
    stop_deadline_s=10,
    transaction_timeout_s=10,
    breaker_in_a_row=0,
    breaker_share=0,
)

MAX_REQUEST_BYTES = 16_000_000


@dataclass(frozen=True)
class PlainText:
    """The text as it came."""

    name: str = "text"
    model: Model = field(default_factory=lambda: Model("plain", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        return [draft.answered("text", title=draft.article.title, text=draft.article.text or "") for draft in drafts]


@dataclass(frozen=True)
class AlwaysEnglish:
    """Every text is English."""

    name: str = "language"
    model: Model = field(default_factory=lambda: Model("english", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        english = Language(tag="en", confidence=1.0, iso639_3="eng", script="Latn")
        return [draft.answered("language", language=english) for draft in drafts]


LIGHT_STAGES: tuple[Stage, ...] = (PlainText(), AlwaysEnglish())


@dataclass(frozen=True)
class Running:
    """A worker that runs."""

    worker: StreamWorker
    metrics: Metrics
    stop: asyncio.Event
    task: "asyncio.Task[None]"

    def count(self, outcome: str) -> int:
        """How many records had that outcome."""
        return int(self.metrics.records.labels(outcome=outcome)._value.get())

    @property
    def settled(self) -> int:
        """How many records had any outcome."""
        return sum(self.count(kind) for kind in ("enriched", "dead_letter", "withdrawn"))


@contextlib.asynccontextmanager
async def handler_of(stages: Sequence[Stage], settings: EnricherSettings) -> AsyncIterator[EnrichHandler]:
    """The handler with its threads."""
    with ThreadPoolExecutor(1) as inference, ThreadPoolExecutor(2) as edge:
        pipeline = Pipeline(stages)
        batcher = Batcher(pipeline, inference, settings.inference_max_articles, settings.inference_max_code_points)
        async with batcher.running():
            yield EnrichHandler(
                batcher=batcher,
                models=models_of(stages),
                executor=edge,
                max_body_bytes=settings.max_body_bytes,
                now=lambda: datetime.now(UTC),
            )


@contextlib.asynccontextmanager
async def running_enricher(
    broker: Broker,
    group: str,
    stages: Sequence[Stage] = LIGHT_STAGES,
    settings: EnricherSettings = FAST_SETTINGS,
    new_sink: NewPartitionSink | None = None,
    at: Failpoint = pass_by,
    isolated: Handler | None = None,
) -> AsyncIterator[Running]:
    """A worker on news.raw until the block ends, then drained; exactly once unless given other sinks."""
    metrics, stop = new_metrics(), asyncio.Event()
    async with handler_of(stages, settings) as handler:
        worker = StreamWorker(
            topic=NEWS_RAW.name,
            group=group,
            bootstrap_servers=broker.bootstrap_servers,
            kafka=broker.settings,
            settings=settings,
            handler=handler,
            isolated=isolated or handler,
            rescue=handler.rescue,
            new_sink=new_sink
            or transactional_sinks(broker.bootstrap_servers, broker.settings, MAX_REQUEST_BYTES, group, settings, at),
            metrics=metrics,
            at=at,
        )
        task = asyncio.create_task(worker.run(stop))
        try:
            yield Running(worker, metrics, stop, task)
        finally:
            stop.set()
            await task
