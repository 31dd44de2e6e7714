"""Our pass-through worker at the product's settings, as a child that says how it fares; exactly once.

It prints a JSON line for each event: `ready`, `committed` (every partition), and at its end `stopped`.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, get_args

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator

from benchmarks.pass_through.work import pass_through
from benchmarks.pass_through.worker import new_worker
from schemas.topics import NEWS_ENRICHED
from services.runtime.failpoints import Failpoint, Place
from services.runtime.lifecycle import keep_what_is_loaded, stop_on_signals
from services.runtime.logs import set_up_logs
from services.runtime.records import Outcome, Record
from services.runtime.settings import KafkaSettings, LogSettings, StreamSettings
from services.runtime.sink import NewPartitionSink, Sink, transactional_sinks
from services.runtime.worker import StreamWorker

_LOOK_EVERY_S = 0.02


@dataclass
class Seen:
    """What the worker saw of itself; times are of the monotonic clock, in seconds."""

    assigned_s: float = 0.0
    committed: set[TopicPartition] = field(default_factory=set)
    generations: list[int] = field(default_factory=list)
    heartbeats_s: list[float] = field(default_factory=list)

    def say(self, event: str, **fields: Any) -> None:
        """Prints an event with the seconds since the assignment."""
        since_s = round(time.monotonic() - self.assigned_s, 3)
        print(orjson.dumps({"event": event, "since_assigned_s": since_s, **fields}).decode(), flush=True)

    def summary(self) -> dict[str, Any]:
        """Generations of the group, and the heartbeats that were answered well."""
        gaps = [later - sooner for sooner, later in zip(self.heartbeats_s, self.heartbeats_s[1:], strict=False)]
        longest_s = round(max(gaps, default=0.0), 3)
        return {"generations": self.generations, "heartbeats": len(self.heartbeats_s), "longest_gap_s": longest_s}


def listen_to_heartbeats(seen: Seen) -> None:
    """Notes generations and heartbeats of this process's consumer; they aren't public in aiokafka."""
    beat = GroupCoordinator._do_heartbeat

    async def noted(coordinator: GroupCoordinator) -> bool:
        is_member: bool = await beat(coordinator)
        if is_member:
            seen.heartbeats_s.append(time.monotonic())
        if not seen.generations or seen.generations[-1] != coordinator.generation:
            seen.generations.append(coordinator.generation)
        return is_member

    GroupCoordinator._do_heartbeat = noted


@dataclass(frozen=True)
class _Noted:
    """A sink that notes whose batches are committed."""

    inner: Sink
    partition: TopicPartition
    seen: Seen

    async def start(self) -> None:
        await self.inner.start()

    async def commit(self, outcomes: Sequence[Outcome], *rest: Any) -> None:
        await self.inner.commit(outcomes, *rest)
        if outcomes:
            self.seen.committed.add(self.partition)

    async def stop(self) -> None:
        await self.inner.stop()


def noting(inner: NewPartitionSink, seen: Seen) -> NewPartitionSink:
    """Sinks that note what they committed."""

    def new_sink(consumer: AIOKafkaConsumer, partition: TopicPartition) -> Sink:
        return _Noted(inner(consumer, partition), partition, seen)

    return new_sink


async def watch(worker: StreamWorker, seen: Seen) -> None:
    """Says when the worker is ready and when it has committed something on every partition."""
    while not worker.ready().details["joined"]:
        await asyncio.sleep(_LOOK_EVERY_S)
    seen.assigned_s = time.monotonic()
    while not worker.ready().holds:
        await asyncio.sleep(_LOOK_EVERY_S)
    seen.say("ready")
    while len(seen.committed) < len(worker.ready().details["partitions"]):
        await asyncio.sleep(_LOOK_EVERY_S)
    seen.say("committed")


def killing(place: Place | None, after_commits: int) -> Failpoint:
    """Kills this process at a place, once there were so many commits."""
    commits = 0

    async def at(here: Place) -> None:
        nonlocal commits
        commits += here == "after_commit"
        if here == place and commits >= after_commits:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


async def run(given: argparse.Namespace) -> None:
    """Works until SIGTERM."""
    keep_what_is_loaded()
    seen, at, servers = Seen(), killing(given.kill_at, given.after_commits), given.bootstrap_servers
    settings = StreamSettings(**orjson.loads(given.settings))
    listen_to_heartbeats(seen)
    sinks = transactional_sinks(
        servers, KafkaSettings(bootstrap_servers=servers), NEWS_ENRICHED.max_message_bytes, given.group, settings, at
    )

    def work(records: Sequence[Record]) -> list[Outcome]:
        time.sleep(given.work_s)
        return [pass_through(record) for record in records]

    with ThreadPoolExecutor(given.threads, thread_name_prefix="edge") as executor, stop_on_signals() as stop:

        async def handle(records: Sequence[Record]) -> Sequence[Outcome]:
            return await asyncio.get_running_loop().run_in_executor(executor, work, records)

        worker = new_worker(servers, given.group, settings, handle, noting(sinks, seen), at)
        watching = asyncio.create_task(watch(worker, seen))
        await worker.run(stop)
        watching.cancel()
    seen.say("stopped", **seen.summary())


def main() -> None:
    """`python -m benchmarks.observed_worker BOOTSTRAP_SERVERS GROUP`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("bootstrap_servers")
    parser.add_argument("group")
    parser.add_argument("--settings", default="{}", help="what differs from the product's settings, as JSON")
    parser.add_argument("--work-s", type=float, default=0.0, help="how long each batch takes besides its work, in seconds")
    parser.add_argument("--threads", type=int, default=1, help="batches that are worked on at the same time")
    parser.add_argument("--kill-at", choices=get_args(Place), help="kill -9 itself there")
    parser.add_argument("--after-commits", type=int, default=0, help="... once there were so many commits")
    set_up_logs(LogSettings(level="WARNING", format="json"), "benchmark")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
