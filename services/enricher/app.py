"""Builds the enricher and wires its parts together: the only place that knows every part."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.enricher.assemble import models_of
from services.enricher.batcher import Batcher
from services.enricher.isolated import load_isolated
from services.enricher.loading import load_pipeline
from services.enricher.settings import EnricherSettings
from services.enricher.worker import EnrichHandler
from services.runtime.health import HealthServer
from services.runtime.isolation import Isolation
from services.runtime.lifecycle import keep_what_is_loaded, stop_on_signals
from services.runtime.logs import get_log
from services.runtime.metrics import new_metrics
from services.runtime.settings import KafkaSettings
from services.runtime.sink import NewPartitionSink, idempotent_sinks, transactional_sinks
from services.runtime.worker import StreamWorker

log = get_log(__name__)

# Decoding and settling beside the stages, which run one batch at a time.
_EDGE_THREADS = 2

_MAX_REQUEST_BYTES = max(NEWS_ENRICHED.max_message_bytes, NEWS_RAW_DLQ.max_message_bytes)


def _sinks(bootstrap_servers: str, kafka: KafkaSettings, settings: EnricherSettings) -> NewPartitionSink:
    if settings.guarantee == "exactly_once":
        return transactional_sinks(bootstrap_servers, kafka, _MAX_REQUEST_BYTES, settings.group, settings)
    return idempotent_sinks(bootstrap_servers, kafka, _MAX_REQUEST_BYTES)


async def run(bootstrap_servers: str, kafka: KafkaSettings, settings: EnricherSettings) -> None:
    """Runs the enricher until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: settings or models are wrong, or the health port is taken.
    """
    metrics = new_metrics()
    loop = asyncio.get_running_loop()
    pipeline = await loop.run_in_executor(None, load_pipeline, settings, metrics)
    await loop.run_in_executor(None, keep_what_is_loaded)
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        # Before the worker: its consumer would have to be closed when the port is taken.
        health = HealthServer(
            settings.health_host, settings.health_port, lambda: worker.alive(), lambda: worker.ready(), metrics.registry
        )
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
        )
        # Half the time after which a worker counts as stuck: a record that never ends is found out before that.
        isolation = Isolation(partial(load_isolated, settings), settings.stall_after_s / 2)
        await stack.enter_async_context(isolation.running())
        worker = StreamWorker(
            topic=NEWS_RAW.name,
            group=settings.group,
            bootstrap_servers=bootstrap_servers,
            kafka=kafka,
            settings=settings,
            handler=handler,
            isolated=isolation,
            rescue=handler.rescue,
            new_sink=_sinks(bootstrap_servers, kafka, settings),
            metrics=metrics,
        )
        stack.enter_context(health)
        log.info("started", bootstrap_servers=bootstrap_servers, group=settings.group, health_port=health.port)
        await worker.run(stop)
