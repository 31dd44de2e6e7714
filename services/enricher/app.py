"""Builds the enricher and wires its parts together: the only place that knows every part."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime

from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.enricher.assemble import models_of
from services.enricher.assets import open_assets
from services.enricher.batcher import Batcher
from services.enricher.pipeline import REQUIRED_STAGES, Pipeline, untimed
from services.enricher.settings import EnricherSettings
from services.enricher.stages import STAGES, Load, name_of
from services.enricher.worker import EnrichHandler
from services.runtime.errors import ConfigurationError
from services.runtime.health import HealthServer
from services.runtime.lifecycle import stop_on_signals
from services.runtime.logs import get_log
from services.runtime.metrics import Metrics, new_metrics
from services.runtime.settings import KafkaSettings
from services.runtime.worker import StreamWorker, idempotent_sinks

log = get_log(__name__)

# Decoding and settling beside the stages, which run one batch at a time.
_EDGE_THREADS = 2


def load_pipeline(settings: EnricherSettings, metrics: Metrics | None = None) -> Pipeline:
    """The stages with their models, verified and loaded; takes a few seconds.

    Raises:
        ConfigurationError: a model file is missing or corrupt, or a required stage is disabled.
    """
    loads = _enabled(settings.disabled_stages)
    assets = open_assets(settings.models_dir, threads=settings.inference_threads)
    assets.verify()
    return Pipeline(
        stages=[load(assets) for load in loads],
        disabled=settings.disabled_stages,
        timer=_Timer(metrics).measure if metrics else untimed,
    )


def _enabled(disabled: frozenset[str]) -> list[Load]:
    loads = {name_of(load): load for load in STAGES}
    if unknown := disabled - set(loads):
        raise ConfigurationError(f"ENRICHER_DISABLED_STAGES names unknown stages: {', '.join(sorted(unknown))}")
    if needed := disabled & REQUIRED_STAGES:
        raise ConfigurationError(f"these stages can't be disabled: {', '.join(sorted(needed))}")
    return [load for name, load in loads.items() if name not in disabled]


class _Timer:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        with self._metrics.stage_seconds.labels(stage=stage).time():
            yield


async def run(bootstrap_servers: str, kafka: KafkaSettings, settings: EnricherSettings) -> None:
    """Runs the enricher until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: settings or models are wrong, or the health port is taken.
    """
    metrics = new_metrics()
    pipeline = await asyncio.get_running_loop().run_in_executor(None, load_pipeline, settings, metrics)
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        inference = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="inference"))
        edge = stack.enter_context(ThreadPoolExecutor(_EDGE_THREADS, thread_name_prefix="edge"))
        batcher = Batcher(pipeline, inference, settings.inference_max_articles, settings.inference_max_code_points)
        await stack.enter_async_context(batcher.running())
        handler = EnrichHandler(
            batcher=batcher,
            models=models_of(pipeline.stages),
            executor=edge,
            max_body_bytes=settings.max_body_bytes,
            now=lambda: datetime.now(UTC),
            metrics=metrics,
        )
        worker = StreamWorker(
            topic=NEWS_RAW.name,
            group=settings.group,
            bootstrap_servers=bootstrap_servers,
            kafka=kafka,
            settings=settings,
            handler=handler,
            rescue=handler.rescue,
            new_sink=idempotent_sinks(
                bootstrap_servers, kafka, max(NEWS_ENRICHED.max_message_bytes, NEWS_RAW_DLQ.max_message_bytes)
            ),
            metrics=metrics,
        )
        health = HealthServer(settings.health_host, settings.health_port, worker.alive, worker.ready, metrics.registry)
        stack.enter_context(health)
        log.info("started", bootstrap_servers=bootstrap_servers, group=settings.group, health_port=health.port)
        await worker.run(stop)
