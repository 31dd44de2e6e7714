"""Builds the gateway and wires its parts together: the only place that knows every part."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway import document, problems
from services.gateway.delivery import Bounds
from services.gateway.door import Door
from services.gateway.edge import Edge
from services.gateway.guard import Guard, require_keys_or_loopback
from services.gateway.idempotency import Idempotency
from services.gateway.intake import Intake
from services.gateway.keys import KeyRing
from services.gateway.limits import Limits, Room
from services.gateway.metrics import GatewayMetrics, new_gateway_metrics
from services.gateway.parts import BodyBounds, Parts
from services.gateway.routes import PUSH_PATH, add_routes, push
from services.gateway.settings import GatewaySettings
from services.gateway.window import Window
from services.runtime.errors import ConfigurationError
from services.runtime.health import HealthServer, Verdict
from services.runtime.lifecycle import LoopWatch, keep_what_is_loaded, stop_on_signals
from services.runtime.logs import get_log
from services.runtime.settings import KafkaSettings

log = get_log(__name__)

VERSION = "1.0.0"  # of the HTTP interface

# Requests leave few cycles; at Python's own 700 the collector took a tenth of their time.
_GC_THRESHOLDS = (50_000, 20, 20)

_LOOP_STUCK_S = 30.0
_KEEP_ALIVE_S = 75
_BACKLOG = 2048


def build_parts(bootstrap_servers: str, kafka: KafkaSettings, settings: GatewaySettings) -> Parts:
    """The parts, wired and not started; raises ConfigurationError for keys that can't be read or are missing."""
    require_keys_or_loopback(settings.host, settings.keys_file is not None)
    metrics, limits = new_gateway_metrics(), Limits()
    window = Window(settings.window_max_articles, settings.window_max_age_s, time.time)

    bounds = Bounds(settings.queue_max_records, settings.queue_max_bytes, settings.stall_after_s)
    # The day's quotas outlive a restart, as far as the window reaches.
    earlier = limits.count_earlier
    door = Door(bootstrap_servers=bootstrap_servers, kafka=kafka, bounds=bounds, window=window, earlier=earlier)
    room, watch = Room(settings.bodies_max_bytes), LoopWatch(metrics.loop_lag_seconds)
    _observe(metrics, door, window, room)
    return Parts(
        door=door,
        intake=Intake(door, metrics, settings.article_max_bytes),
        guard=Guard(KeyRing(settings.keys_file) if settings.keys_file else None, limits),
        room=room,
        idempotency=Idempotency(settings.idempotency_max_answers, settings.idempotency_max_bytes, settings.idempotency_max_age_s),
        bounds=BodyBounds(
            article_bytes=settings.article_max_bytes,
            batch_bytes=settings.batch_max_bytes,
            batch_lines=settings.batch_max_lines,
            timeout_s=settings.body_timeout_s,
            delivery_s=settings.delivery_deadline_s,
            batch_delivery_s=settings.batch_delivery_deadline_s,
        ),
        limits=limits,
        metrics=metrics,
        watch=watch,
        alive=lambda: _alive(watch, door),
        ready=lambda: _ready(door, len(window), settings.stall_after_s),
    )


def build_app(parts: Parts, public_url: str = "") -> ASGIApp:
    """The ASGI application on these parts."""
    app = FastAPI(version=VERSION, docs_url=None, redoc_url=None)  # their pages load scripts from elsewhere
    add_routes(app)
    problems.install(app)
    document.describe(app, public_url)
    return Edge(app, parts, {PUSH_PATH: push})


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[Parts]:
    """The parts at work: the door is being opened, and kept open until the block ends."""
    async with parts.watch.running(), parts.door.kept_open():
        yield parts


async def run(bootstrap_servers: str, kafka: KafkaSettings, settings: GatewaySettings) -> None:
    """Runs the gateway until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: keys are wrong or missing, or a port is taken.
    """
    parts = build_parts(bootstrap_servers, kafka, settings)
    app = build_app(parts, settings.public_url)
    async with AsyncExitStack() as stack:
        stack.enter_context(stop_on_signals())
        listener = stack.enter_context(contextlib.closing(_listener(settings.host, settings.port)))
        health = HealthServer(settings.health_host, settings.health_port, parts.alive, parts.ready, parts.metrics.registry)
        stack.enter_context(health)
        await stack.enter_async_context(running(parts))
        server = uvicorn.Server(_config(app, settings))
        await asyncio.to_thread(keep_what_is_loaded)
        gc.set_threshold(*_GC_THRESHOLDS)
        host, port = listener.getsockname()[:2]
        log.info("started", bootstrap_servers=bootstrap_servers, host=host, port=port, health_port=health.port)
        await server.serve(sockets=[listener])  # ends on the signals, which it takes for itself meanwhile
    log.info("stopped")


def _config(app: ASGIApp, settings: GatewaySettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(settings.stop_deadline_s)),
    )


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"can't listen on {host}:{port}: {error.strerror or error}; set GATEWAY_HOST and GATEWAY_PORT"
        ) from error


def _observe(metrics: GatewayMetrics, door: Door, window: Window, room: Room) -> None:
    metrics.unconfirmed.set_function(lambda: door.unconfirmed)
    metrics.oldest_seconds.set_function(lambda: door.oldest_s)
    metrics.window_articles.set_function(lambda: len(window))
    metrics.body_bytes.set_function(lambda: room.held_bytes)
    metrics.ready.set_function(lambda: int(door.is_open))


def _alive(watch: LoopWatch, door: Door) -> Verdict:
    age_s = time.monotonic() - watch.turned_at
    is_alive = age_s < _LOOP_STUCK_S and not door.is_broken
    return Verdict(is_alive, {"loop_turned_s_ago": round(age_s, 1), "door_is_broken": door.is_broken})


def _ready(door: Door, articles_known: int, stall_after_s: float) -> Verdict:
    is_stalled = door.oldest_s > stall_after_s
    why_not = door.why_closed if not door.is_open else "Kafka confirms nothing" if is_stalled else None
    details = {"why_not": why_not, "articles_known": articles_known, "unconfirmed": door.unconfirmed}
    return Verdict(why_not is None, details)
