"""How long readers of committed records had to wait: a partition whose last stable offset stands still below its end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import NEWS_ENRICHED, NEWS_RAW_DLQ
from tests.support.kafka import Broker

_LOOK_EVERY_S = 0.2
# What is worth a line; shorter is a transaction on its way.
_NOTED_S = 1.0


@dataclass(slots=True)
class _Standing:
    stable: int
    since: float
    why: str
    is_excused: bool


@dataclass
class Waits:
    """The longest wait by what was being done to the system when it began, in seconds."""

    by_kind: dict[str, float] = field(default_factory=dict)
    excused: dict[str, float] = field(default_factory=dict)
    """While a broker was away, or just back: nothing can be promised then."""

    def note(self, kind: str, seconds: float, is_excused: bool) -> None:
        """Keeps the longest of each kind."""
        kept = self.excused if is_excused else self.by_kind
        kept[kind] = max(seconds, kept.get(kind, 0.0))

    @property
    def longest(self) -> float:
        """Of those that are held against the worker."""
        return max(self.by_kind.values(), default=0.0)


class ReaderWatch:
    """Looks at the output topics several times a second."""

    def __init__(self, broker: Broker, aftermath_s: float) -> None:
        """For so long after a broker came back, transactions of before may still be open: no such wait counts either."""
        self.waits = Waits()
        self.doing = "start"
        self._aftermath_s, self._excused_until = aftermath_s, 0.0
        self._brokers_away = 0
        self._broker = broker
        self._standing: dict[TopicPartition, _Standing] = {}
        self._looked = time.monotonic()

    @contextlib.contextmanager
    def excusing(self) -> Iterator[None]:
        """A broker is away for the block: no wait that touches it, or begins soon after, counts."""
        self._brokers_away += 1
        self._excuse()
        try:
            yield
        finally:
            self._brokers_away -= 1
            self._excused_until = time.monotonic() + self._aftermath_s
            self._excuse()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ReaderWatch"]:
        """Watches until the block ends."""
        task = asyncio.create_task(self._run(), name="reader-watch")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def is_quiet(self) -> bool:
        """Whether readers see everything, as of the last look."""
        return not self._standing

    async def _run(self) -> None:
        partitions = [
            TopicPartition(topic.name, number) for topic in (NEWS_ENRICHED, NEWS_RAW_DLQ) for number in range(topic.partitions)
        ]
        async with _asking(self._broker, "read_committed") as committed, _asking(self._broker, "read_uncommitted") as all_:
            while True:
                now = time.monotonic()
                with contextlib.suppress(KafkaError):
                    ends = await all_.end_offsets(partitions)
                    self._look(ends, await committed.end_offsets(partitions), now)
                    self._looked = now
                await asyncio.sleep(_LOOK_EVERY_S)

    def _look(self, ends: dict[TopicPartition, int], stable: dict[TopicPartition, int], now: float) -> None:
        for partition, end in ends.items():
            here = stable[partition]
            standing = self._standing.get(partition)
            if standing is not None and now - standing.since > _NOTED_S:
                self.waits.note(standing.why, now - standing.since, standing.is_excused)
            if here >= end:
                self._standing.pop(partition, None)
            elif standing is None or standing.stable != here:
                # It may have come to stand right after we looked the last time, unless nobody could look for long.
                since = max(self._looked, now - _NOTED_S)
                self._standing[partition] = _Standing(here, since, self.doing, self._is_excused(now))

    def _is_excused(self, now: float) -> bool:
        return bool(self._brokers_away) or now < self._excused_until

    def _excuse(self) -> None:
        for standing in self._standing.values():
            standing.is_excused = True


@contextlib.asynccontextmanager
async def _asking(broker: Broker, isolation_level: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, isolation_level=isolation_level)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
