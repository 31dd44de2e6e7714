"""All that a fault works on: brokers behind proxies, workers, articles that keep coming, and what readers see."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGSEGV
from typing import TypeVar

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import NEWS_RAW
from services.runtime.errors import TransientError
from services.runtime.topic_admin import open_admin
from tests.fault.articles import Publisher
from tests.fault.blocked import ReaderWatch
from tests.fault.workers import NotAnswered, Worker, Workers
from tests.support.cluster import Cluster

GROUP = "fault"

_ASK_TRIES, _ASK_AGAIN_S = 60, 0.5
_WAIT_DEADLINE_S = 60.0
_LOOK_EVERY_S = 0.1
_LOG_BYTES = 4_000

T = TypeVar("T")


class Broken(Exception):
    """The run can't go on: something doesn't come back that must."""


@dataclass
class Scene:
    """One run's parts."""

    cluster: Cluster
    workers: Workers
    publisher: Publisher
    watch: ReaderWatch
    random: random.Random
    folder: Path
    session_s: float
    """What a worker may be silent before its group drops it."""
    slow_s: float
    """How long the slow stage takes."""
    wanted: int = 2
    """How many workers there are when nothing is wrong."""
    place: str = ""
    """Where the victim's batch waits."""
    crashes: int = 0
    """How many workers ended by a text that ends them."""
    rebalances: list[str] = field(default_factory=list)
    """Those that our own work caused."""
    crashing: int = 0
    """How many texts are about that end workers."""

    def between(self, low_s: float, high_s: float) -> float:
        """A number of the seed's choice."""
        return self.random.uniform(low_s, high_s)

    async def pause(self, low_s: float, high_s: float) -> None:
        """Waits as long as the seed says."""
        await asyncio.sleep(self.between(low_s, high_s))

    def others(self, victim: Worker) -> list[Worker]:
        """The living but the victim."""
        return [worker for worker in self.workers.living if worker is not victim]

    async def partition_of(self, victim: Worker) -> int:
        """One of the victim's partitions."""
        return self.random.choice(await self.until(lambda: self._partitions(victim), f"worker {victim.number} has partitions"))

    async def owner_of(self, partition: int) -> Worker:
        """The worker that has the partition."""

        async def owner() -> Worker | None:
            for worker in self.workers.living:
                if partition in await self._partitions(worker):
                    return worker
            return None

        return await self.until(owner, f"somebody has partition {partition}")

    async def committed(self, partition: int) -> int:
        """The group's offset; -1 when it has none."""
        offsets = await self.ask(lambda admin: admin.list_consumer_group_offsets(GROUP))
        found = offsets.get(TopicPartition(NEWS_RAW.name, partition))
        return -1 if found is None else int(found.offset)

    async def passed(self, partition: int, offset: int) -> None:
        """Waits until the group is past this offset, whoever has to die for it."""

        async def is_past() -> bool:
            await self.mend()
            return await self.committed(partition) > offset

        await self.until(is_past, f"the group is past {offset} of partition {partition}")

    async def until(self, find: Callable[[], Awaitable[T | None]], what: str) -> T:
        """The first answer that is true; raises Broken when none comes."""
        try:
            async with asyncio.timeout(_WAIT_DEADLINE_S):
                while not (found := await find()):
                    await asyncio.sleep(_LOOK_EVERY_S)
                return found
        except TimeoutError:
            raise Broken(f"not within {_WAIT_DEADLINE_S:g} s: {what}") from None

    async def ask(self, question: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
        """A broker's answer, as soon as one has it; raises Broken."""
        reason: Exception | None = None
        for _ in range(_ASK_TRIES):
            try:
                broker = self.cluster.broker
                admin = await open_admin(broker.bootstrap_servers, broker.settings)
                try:
                    return await asyncio.wait_for(question(admin), 10)
                finally:
                    await admin.close()
            except (KafkaError, TransientError, TimeoutError, OSError) as error:
                reason = error
                await asyncio.sleep(_ASK_AGAIN_S)
        raise Broken(f"no broker answers: {reason!r}")

    async def mend(self) -> None:
        """Puts new workers in the place of those that are gone; raises Broken when one ended that nobody harmed."""
        for worker in self.workers.fallen:
            worker.is_ending = True
            if worker.ended.result() != -SIGSEGV or not self.crashing:
                raise Broken(f"worker {worker.number} ended by itself with {worker.ended.result()}:\n{self.last_words(worker)}")
            self.crashes += 1
        while len(self.workers.living) < self.wanted:
            await self.workers.start()

    def last_words(self, worker: Worker) -> str:
        """The end of its log."""
        return (self.folder / f"worker-{worker.number}.log").read_text("utf-8", errors="replace")[-_LOG_BYTES:]

    async def _partitions(self, worker: Worker) -> list[int]:
        try:
            return [int(each["partition"]) for each in (await worker.status())["partitions"]]
        except NotAnswered:
            return []
