"""Third stage: adds changes to the value of each key, publishes what changed, and keeps the ranking that the API answers from."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from faust.types import TP

from schemas.codec import encode
from schemas.topics import NEWS_TRENDS
from services.trends.change import Change, Mentions
from services.trends.clock import Clock
from services.trends.counter import Counter
from services.trends.dead_letters import read_all
from services.trends.event_time import bucket_of
from services.trends.keys import TrendKey
from services.trends.metrics import TrendsMetrics
from services.trends.ranking import Order, Ranking, Row
from services.trends.sending import Send, send_all
from services.trends.stage import ends
from services.trends.sweep import Sweep
from services.trends.table import PartitionTable, Revoked
from services.trends.trend import trend

# Keys of a table that are looked at in one go when the ranking is made again: 0.02 s.
_LOADED_AT_ONCE = 1_000

# No key of a trend begins with it.
_CLOCK = b"\0clock"


@dataclass(slots=True)
class _Partition:
    """What is in memory of one partition, made again in each generation."""

    generation: int
    ranking: Ranking
    sweep: Sweep
    counters: dict[bytes, Counter] = field(default_factory=dict)
    unpublished: dict[bytes, set[int]] = field(default_factory=dict)
    """Buckets of keys that news.trends has not heard of."""
    finished: tuple[TP, int] | None = None
    """What may be committed once they are published."""
    clock: Clock = field(default_factory=Clock)
    loaded_to: bytes | None = b""
    """Up to where the ranking has been made; None: all of it."""


class Counters:
    """Offsets are done once what came of them is published, so that after a crash it is published then."""

    name = "counters"

    def __init__(
        self,
        app: Any,
        table: PartitionTable,
        metrics: TrendsMetrics,
        now: Callable[[], datetime],
        retention_s: int,
        cache_max_keys: int,
        ranking_max_keys: int,
    ) -> None:
        """Nothing is read yet; `now` dates dead letters."""
        self._app, self._table, self._metrics, self._now = app, table, metrics, now
        self._retention_s, self._cache_max_keys, self._ranking_max_keys = retention_s, cache_max_keys, ranking_max_keys
        self._partitions: dict[int, _Partition] = {}
        self._busy = asyncio.Lock()

    async def handle(self, events: Sequence[Any]) -> None:
        """Adds what the events say, and writes it."""
        async with self._busy:
            for number in dict.fromkeys(event.message.partition for event in events):
                own = [event for event in events if event.message.partition == number]
                await self._add(number, own)

    async def publish(self) -> None:
        """Sends the records of all that changed since the last time; raises Revoked."""
        async with self._busy:
            for number, partition in list(self._partitions.items()):
                if partition.generation != self._app.consumer_generation_id:
                    del self._partitions[number]
                else:
                    await self._publish(number, partition)

    async def _add(self, number: int, events: Sequence[Any]) -> None:
        generation = events[0].message.generation_id
        partition = self._partition(number, generation)
        # Should anything go wrong, what is in memory isn't what is in the table: begin anew.
        del self._partitions[number]
        changed: dict[bytes, Counter] = {}
        messages, letters = read_all(events, lambda record: Mentions.from_bytes(record.value or b""), self._now)
        await send_all(self._app.producer, letters)
        for _record, said in messages:
            partition.clock = Clock(max(partition.clock.now_s, said.now_s), said.started_s)
            for change in said.changes:
                self._apply(number, partition, change, changed)
        values: list[tuple[bytes, bytes | None]] = [(key, counter.to_bytes()) for key, counter in changed.items()]
        await self._table.write(number, [*values, (_CLOCK, partition.clock.to_bytes())], generation)
        ((tp, (offset, _)),) = ends(events).items()
        partition.finished = (tp, offset)
        for key, counter in changed.items():
            partition.ranking.update(TrendKey.from_bytes(key), counter, partition.clock.now_s)
        await self._expire(number, partition)
        self._trim(partition)
        self._partitions[number] = partition

    def _apply(self, number: int, partition: _Partition, change: Change, changed: dict[bytes, Counter]) -> None:
        key = change.key.to_bytes()
        counter = self._counter(number, partition, key)
        is_new = counter.apply(change)
        if is_new:
            changed[key] = counter
        self._metrics.counters.labels(outcome="applied" if is_new else "repeated").inc()
        # Also when it was applied before: perhaps the worker that did so never came to publish it.
        partition.unpublished.setdefault(key, set()).update(cell.bucket for cell in change.cells)

    def _counter(self, number: int, partition: _Partition, key: bytes) -> Counter:
        counter = partition.counters.pop(key, None)
        if counter is None:
            stored = self._table.get(number, key)
            counter = Counter.from_bytes(stored) if stored is not None else Counter()
        partition.counters[key] = counter  # at the end: the least recently used go first
        return counter

    def _partition(self, number: int, generation: int) -> _Partition:
        known = self._partitions.get(number)
        if known is None or known.generation != generation:
            stored = self._table.get(number, _CLOCK)
            known = self._partitions[number] = _Partition(
                generation,
                Ranking(self._ranking_max_keys, self._retention_s),
                Sweep(self._table, b"", self._without_old),
                clock=Clock.from_bytes(stored) if stored is not None else Clock(),
            )
        return known

    def _trim(self, partition: _Partition) -> None:
        while len(partition.counters) > self._cache_max_keys:
            del partition.counters[next(iter(partition.counters))]

    def _without_old(self, key: bytes, value: bytes, now_s: int) -> tuple[bool, bytes | None]:
        if key == _CLOCK:
            return False, None
        counter = Counter.from_bytes(value)
        if not counter.expire(bucket_of(now_s - self._retention_s)):
            return False, None
        return True, None if counter.is_empty else counter.to_bytes()

    async def _expire(self, number: int, partition: _Partition) -> None:
        old = partition.sweep.step(number, partition.clock.now_s)
        await self._table.write(number, old, partition.generation)
        for key, value in old:
            partition.counters.pop(key, None)
            if value is None:
                partition.ranking.forget(TrendKey.from_bytes(key))
        self._metrics.expired.labels(table="counters").inc(len(old))

    async def _publish(self, number: int, partition: _Partition) -> None:
        records = []
        for key, buckets in partition.unpublished.items():
            counter = self._counter(number, partition, key)
            name = TrendKey.from_bytes(key)
            for bucket in sorted(buckets):
                record = trend(name, counter, bucket, partition.clock.now_s, partition.clock.started_s, self._retention_s)
                records.append(Send(NEWS_TRENDS.name, None, record.key, encode(record)))
        await send_all(self._app.producer, records)
        partition.unpublished.clear()
        self._metrics.published.inc(len(records))
        if partition.finished is not None:
            tp, offset = partition.finished
            self._app.consumer.done(tp, offset, partition.generation)

    # --- what the API asks -------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Makes a further piece of the rankings of partitions that this worker has; raises Revoked."""
        async with self._busy:
            # While tables are read back, what they hold is not yet what they will.
            if not self._app.rebalancing and not self._app.in_recovery:
                for number in self._table.here():
                    self._load(number, self._partition(number, self._app.consumer_generation_id))

    def _load(self, number: int, partition: _Partition) -> None:
        if partition.loaded_to is None:
            return
        seen = 0
        for key, value in self._table.items(number, b"", partition.loaded_to or None):
            if key != _CLOCK:
                partition.ranking.update(TrendKey.from_bytes(key), Counter.from_bytes(value), partition.clock.now_s)
            partition.loaded_to, seen = key, seen + 1
            if seen >= _LOADED_AT_ONCE:
                return
        partition.loaded_to = None

    def top(
        self, window_s: int, now_s: int, kind: str, type: str | None, language: str | None, limit: int, order: Order
    ) -> list[Row]:
        """The first rows of each partition that is here, for the window that ends at `now_s`; empty while they are handed on."""
        rows: list[Row] = []
        for number, partition in self._partitions.items():
            with contextlib.suppress(Revoked):
                rows += partition.ranking.top(
                    window_s,
                    now_s,
                    kind,
                    type,
                    language,
                    limit,
                    order,
                    read=functools.partial(self._read, number),
                    started_s=partition.clock.started_s,
                )
        return rows

    def _read(self, number: int, key: bytes) -> Counter | None:
        stored = self._table.get(number, key)
        return Counter.from_bytes(stored) if stored is not None else None

    @property
    def now_s(self) -> int:
        """The stream's own time, seconds since 1970 UTC; 0 before the first record."""
        return max((partition.clock.now_s for partition in self._partitions.values()), default=0)

    @property
    def loaded(self) -> tuple[int, ...]:
        """The partitions that this worker has whose ranking knows all that the table knows."""
        generation = self._app.consumer_generation_id
        return tuple(
            number
            for number, partition in self._partitions.items()
            if partition.loaded_to is None and partition.generation == generation
        )

    @property
    def changelog(self) -> str:
        """The table's changelog topic."""
        return self._table.changelog
