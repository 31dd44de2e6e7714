"""An enricher with light stages in a process of its own, which hurts itself at a named place: `python -m tests.fault.worker`."""

import argparse
import asyncio
import contextlib
import os
import signal
import uuid
from typing import get_args

from services.enricher.settings import EnricherSettings
from services.runtime.failpoints import Failpoint, Place
from services.runtime.lifecycle import stop_on_signals
from services.runtime.logs import set_up_logs
from services.runtime.settings import LogSettings
from services.runtime.sink import NewPartitionSink, idempotent_sinks, transactional_sinks
from tests.support.enricher import FAST_SETTINGS, MAX_REQUEST_BYTES, running_enricher
from tests.support.kafka import Broker


def hurting(place: Place | None, visit: int, number: int) -> Failpoint:
    """Sends the process a signal at the given visit to a place."""
    visits = 0

    async def at(here: Place) -> None:
        nonlocal visits
        if here == place:
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


async def run(arguments: argparse.Namespace) -> None:
    """Works until SIGTERM."""
    set_up_logs(LogSettings(format="json"), "fault-worker")
    broker = Broker(arguments.bootstrap_servers)
    settings = EnricherSettings(**{**FAST_SETTINGS.model_dump(), "batch_max_records": arguments.batch})
    at = hurting(arguments.place, arguments.visit, signal.Signals[arguments.signal])
    new_sink = sinks(arguments, broker, settings, at)
    with stop_on_signals() as stop:
        async with running_enricher(broker, arguments.group, settings=settings, new_sink=new_sink, at=at) as running:
            waiting = asyncio.ensure_future(stop.wait())
            await asyncio.wait((waiting, running.task), return_when=asyncio.FIRST_COMPLETED)


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap_servers")
    parser.add_argument("group")
    parser.add_argument("--guarantee", default="exactly_once")
    parser.add_argument("--no-fencing", dest="fencing", action="store_false")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--place", choices=get_args(Place))
    parser.add_argument("--visit", type=int, default=2)
    parser.add_argument("--signal", default="SIGKILL")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
