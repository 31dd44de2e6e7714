"""Our side: the stream worker with the pass-through work in a thread, until SIGTERM; at least once, or exactly once."""

import argparse
import asyncio
import cProfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pass_through.work import pass_through
from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.runtime.failpoints import Failpoint, pass_by
from services.runtime.lifecycle import keep_what_is_loaded, stop_on_signals
from services.runtime.metrics import new_metrics
from services.runtime.records import Handler, Outcome, Record
from services.runtime.settings import KafkaSettings, StreamSettings
from services.runtime.sink import NewPartitionSink, idempotent_sinks, transactional_sinks
from services.runtime.worker import StreamWorker


@dataclass(frozen=True)
class PassThrough:
    """Handles batches in a thread, as the enricher does."""

    executor: ThreadPoolExecutor

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        return await asyncio.get_running_loop().run_in_executor(self.executor, _all, records)


def _all(records: Sequence[Record]) -> list[Outcome]:
    return [pass_through(record) for record in records]


def _never(record: Record, error: Exception) -> Outcome:
    raise SystemExit(f"offset {record.offset}: {error!r}")


def new_worker(
    bootstrap_servers: str,
    group: str,
    settings: StreamSettings,
    handler: Handler,
    new_sink: NewPartitionSink,
    at: Failpoint = pass_by,
) -> StreamWorker:
    """The product's worker on news.raw."""
    return StreamWorker(
        topic=NEWS_RAW.name,
        group=group,
        bootstrap_servers=bootstrap_servers,
        kafka=KafkaSettings(bootstrap_servers=bootstrap_servers),
        settings=settings,
        handler=handler,
        isolated=handler,
        rescue=_never,
        new_sink=new_sink,
        metrics=new_metrics(),
        at=at,
    )


async def run(given: argparse.Namespace, on_thread: Callable[[], None] | None) -> None:
    """Works until SIGTERM; `on_thread` runs first in the thread that does the work."""
    keep_what_is_loaded()
    servers, kafka = given.bootstrap_servers, KafkaSettings(bootstrap_servers=given.bootstrap_servers)
    settings = StreamSettings(batch_max_records=given.batch, queue_max_records=given.batch * 2)
    new_sink = (
        transactional_sinks(servers, kafka, NEWS_ENRICHED.max_message_bytes, given.group, settings)
        if given.exactly_once
        else idempotent_sinks(servers, kafka, NEWS_ENRICHED.max_message_bytes)
    )
    with ThreadPoolExecutor(1, thread_name_prefix="edge", initializer=on_thread) as executor, stop_on_signals() as stop:
        await new_worker(servers, given.group, settings, PassThrough(executor), new_sink).run(stop)


def main() -> None:
    """`python -m benchmarks.pass_through.worker BOOTSTRAP_SERVERS GROUP BATCH [--exactly-once] [--profile FOLDER]`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("bootstrap_servers")
    parser.add_argument("group")
    parser.add_argument("batch", type=int)
    parser.add_argument("--exactly-once", action="store_true", help="each batch and its offset in one transaction")
    parser.add_argument("--profile", type=Path, help="write a profile of the event loop and one of the work here")
    given = parser.parse_args()
    loop, work = (cProfile.Profile(time.thread_time) for _ in range(2))  # waiting for the GIL is no work
    running = run(given, work.enable if given.profile else None)
    if not given.profile:
        asyncio.run(running)
        return
    loop.runcall(asyncio.run, running)
    loop.dump_stats(given.profile / "loop")
    work.dump_stats(given.profile / "work")


if __name__ == "__main__":
    main()
