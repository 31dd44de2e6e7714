"""`newsloom up`: broker, topics and services, until Ctrl-C."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.cli.supervision import Supervision
    from services.runtime.broker import Broker

_LOOK_EVERY_S = 0.5
_GATEWAY_PORT = 8080
_TABLES_FOLDER = "trends"


def run(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the local broker; default: the last one, else any.")
    ] = None,
) -> int:
    """Run everything until Ctrl-C.

    The broker is the one of KAFKA_BOOTSTRAP_SERVERS, else a local Apache Kafka whose records are kept. Missing topics
    are created; gateway, collector, enricher and trends are started, started again when they die, and drained at the
    end. Their logs, the trends' tables and the local broker's records are in NEWSLOOM_DATA_DIR, by default in your data
    folder; sources for the collector go to the folder `sources` there.

    Example: newsloom up
    """
    asyncio.run(_up(port))
    return 0


async def _up(port: int | None) -> None:
    from services.cli.connection import BROKER_FOLDER, connected_to
    from services.cli.screen import note, waiting
    from services.runtime.broker import given_or_local
    from services.runtime.data_folder import data_folder
    from services.runtime.settings import KafkaSettings, read_settings
    from services.runtime.topic_admin import apply_topics

    folder = data_folder()
    kafka = read_settings(KafkaSettings)
    async with contextlib.AsyncExitStack() as stack:
        with waiting("starting the broker"):
            broker = await stack.enter_async_context(given_or_local(kafka, folder / BROKER_FOLDER, note, port))
            async with connected_to(broker) as connection:
                created = await apply_topics(connection.admin)
                cluster = await connection.cluster_id()
        note(f"topics: created {', '.join(created)}" if created else "topics: all there")
        # Tables go with their changelogs: those of another broker would be taken for a newer state of these.
        await _run_services(broker, folder, folder / _TABLES_FOLDER / cluster)


async def _run_services(broker: "Broker", folder: Path, tables: Path) -> None:
    """Until a signal; raises CouldNot when the broker or a service is lost for good."""
    from services.cli import trends_address
    from services.cli.live_view import show
    from services.cli.processes import HOST, Process, open_port
    from services.cli.screen import note
    from services.cli.service_table import SERVICES
    from services.cli.supervision import Supervision
    from services.runtime.lifecycle import stop_on_signals

    logs = folder / "logs"
    gateway, trends = open_port("GATEWAY_PORT", _GATEWAY_PORT), open_port("TRENDS_WEB_PORT", trends_address.PORT)
    environment = {
        "GATEWAY_PORT": str(gateway),
        "COLLECTOR_GATEWAY_URL": f"http://{HOST}:{gateway}",
        "TRENDS_WEB_PORT": str(trends),
        "TRENDS_DATA_DIR": os.environ.get("TRENDS_DATA_DIR") or str(tables),
    }
    trends_address.remember(folder, f"http://{HOST}:{trends}")
    supervisions = [
        Supervision(service, lambda service=service: Process(service, broker.kafka, logs, environment))  # type: ignore[misc]
        for service in SERVICES
    ]
    note(f"logs: {logs}")
    note(f"gateway: http://{HOST}:{gateway}/v1/articles")
    note(f"trends: http://{HOST}:{trends}/trends")
    footer = (
        f"Ctrl-C drains and stops; gateway at http://{HOST}:{gateway}, broker at {broker.bootstrap_servers}; "
        "in another terminal: newsloom publish FILE, newsloom trends"
    )
    with stop_on_signals() as stop:
        view = asyncio.create_task(show([supervision.state for supervision in supervisions], footer))
        try:
            await _supervise(broker, supervisions, stop)
        finally:
            view.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await view


async def _supervise(broker: "Broker", supervisions: "Sequence[Supervision]", stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        for supervision in supervisions:
            tasks.create_task(supervision.run(stop))
        watch = tasks.create_task(_watch_broker(broker, stop))
        await stop.wait()
        await watch


async def _watch_broker(broker: "Broker", stop: asyncio.Event) -> None:
    from services.cli.errors import CouldNot

    while not stop.is_set():
        if not broker.is_running():
            raise CouldNot("the local Kafka has ended: see server.log in its data folder")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_EVERY_S)
