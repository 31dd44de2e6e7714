"""An enricher in a process of its own, which hurts itself at a named place (`python -m tests.fault.worker`) or is hurt there."""

import argparse
import asyncio
import contextlib
import faulthandler
import os
import resource
import signal
import socket
import sys
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

from schemas.codec import MAX_BODY_BYTES
from services.enricher.isolated import isolated
from services.enricher.loading import load_pipeline
from services.enricher.offline import offline
from services.enricher.pipeline import Pipeline
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Stage
from services.runtime.failpoints import Failpoint, Place
from services.runtime.isolation import Handle, Isolation
from services.runtime.lifecycle import stop_on_signals
from services.runtime.logs import set_up_logs
from services.runtime.settings import LogSettings
from services.runtime.sink import NewPartitionSink, idempotent_sinks, transactional_sinks
from tests.fault.control import Control
from tests.fault.stages import harmful
from tests.support.enricher import FAST_SETTINGS, LIGHT_STAGES, MAX_REQUEST_BYTES, Running, running_enricher
from tests.support.kafka import Broker

# For a record that is handled alone; the slowest stage of a run takes a few seconds.
_ALONE_DEADLINE_S = 60.0


def hurting(place: Place | None, visit: int, number: int) -> Failpoint:
    """Sends the process a signal at the given visit to a place.

    Places on a commit's way count from the first batch: before it, each partition commits that it has begun.
    """
    visits, has_handled = 0, place in (None, "during_producer_start", "after_fetch", "after_handling")

    async def at(here: Place) -> None:
        nonlocal visits, has_handled
        has_handled = has_handled or here == "after_handling"
        if here == place and has_handled:
            visits += 1
            if visits == visit:
                os.kill(os.getpid(), number)

    return at


def sinks(arguments: argparse.Namespace, broker: Broker, settings: EnricherSettings, at: Failpoint) -> NewPartitionSink:
    """The sinks of the guarantee; without fencing each start has a transactional.id of its own."""
    if arguments.guarantee == "at_least_once":
        return idempotent_sinks(broker.bootstrap_servers, broker.settings, MAX_REQUEST_BYTES, at)
    name = arguments.group if arguments.fencing else f"{arguments.group}.{uuid.uuid4()}"
    inner = transactional_sinks(broker.bootstrap_servers, broker.settings, MAX_REQUEST_BYTES, name, settings, at)
    if arguments.fencing:
        return inner

    def unfenced(consumer: object, partition: object) -> object:
        sink = inner(consumer, partition)
        sink._group = arguments.group  # type: ignore[attr-defined]
        return sink

    return unfenced  # type: ignore[return-value]


def stages_of(is_model: bool) -> tuple[Stage, ...]:
    """The built-in pipeline, or stages that cost nothing."""
    return tuple(load_pipeline(EnricherSettings()).stages) if is_model else LIGHT_STAGES


async def run(arguments: argparse.Namespace, line: socket.socket | None = None) -> None:
    """Works until SIGTERM; obeys whoever is at the other end of the line."""
    set_up_logs(LogSettings(format="json"), "fault-worker")
    broker = Broker(arguments.bootstrap_servers)
    settings = _settings(arguments)
    workers: list[Running] = []
    control = Control(line, lambda: status(workers)) if line is not None else None
    at = control.at if control else hurting(arguments.place, arguments.visit, signal.Signals[arguments.signal])
    stages = stages_of(arguments.model)
    isolation = Isolation(partial(load_alone, arguments.model, arguments.slow_s), _ALONE_DEADLINE_S)
    options: dict[str, Any] = {
        "stages": harmful(stages, arguments.slow_s) if control else stages,
        "settings": settings,
        "new_sink": sinks(arguments, broker, settings, at),
        "at": at,
        "isolated": isolation,
    }
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _say_what_waits)
    with stop_on_signals() as stop:
        listening = asyncio.create_task(control.listen()) if control else None
        async with isolation.running(), running_enricher(broker, arguments.group, **options) as running:
            workers.append(running)
            waiting = asyncio.ensure_future(stop.wait())
            ends = {waiting, running.task} | ({listening} if listening else set())
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if listening and listening.done():
                listening.result()
        if listening:
            listening.cancel()


def _say_what_waits() -> None:
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)


def load_alone(is_model: bool, slow_s: float) -> Handle:
    """The same work in the process for records that may have ended a worker."""
    return isolated(offline(Pipeline(harmful(stages_of(is_model), slow_s)), MAX_BODY_BYTES))


def _settings(arguments: argparse.Namespace) -> EnricherSettings:
    own = {name: getattr(arguments, name) for name in ("revoke_deadline_s", "rebalance_timeout_s", "session_timeout_s")}
    given = {name: value for name, value in own.items() if value is not None}
    return EnricherSettings(**{**FAST_SETTINGS.model_dump(), "batch_max_records": arguments.batch, **given})


def status(workers: Sequence[Running]) -> dict[str, Any]:
    """What the worker says about itself, and which generation of its group it is in."""
    if not workers:
        return {"generation": -1, "joined": False, "partitions": []}
    worker = workers[0].worker
    coordinator = worker._consumer._coordinator  # None until the consumer has started
    return {"generation": coordinator.generation if coordinator else -1, **worker.ready().details}


def serve(arguments: Sequence[str], line: socket.socket) -> None:
    """The body of a process that was forked for an injector."""
    faulthandler.register(signal.SIGUSR2, all_threads=True)  # where a worker that says nothing hangs
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it will be killed in ways that leave a core behind
    asyncio.run(run(parser().parse_args(arguments), line))


def parser() -> argparse.ArgumentParser:
    """The arguments of a worker."""
    made = argparse.ArgumentParser()
    made.add_argument("bootstrap_servers")
    made.add_argument("group")
    made.add_argument("--guarantee", default="exactly_once")
    made.add_argument("--no-fencing", dest="fencing", action="store_false")
    made.add_argument("--batch", type=int, default=20)
    made.add_argument("--place", choices=get_args(Place))
    made.add_argument("--visit", type=int, default=2)
    made.add_argument("--signal", default="SIGKILL")
    made.add_argument("--model", action="store_true")
    made.add_argument("--slow-s", type=float, default=0.0)
    for name in ("--revoke-deadline-s", "--rebalance-timeout-s", "--session-timeout-s"):
        made.add_argument(name, type=float)
    return made


def main() -> None:
    """Reads the arguments and runs."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser().parse_args()))


if __name__ == "__main__":
    main()
