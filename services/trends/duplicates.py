"""Second stage, one ordered place for all articles: recognises copies, and works out what each record changes in the counts."""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any

from schemas.codec import encode
from schemas.duplicate import Duplicate
from schemas.topics import NEWS_DUPLICATES, NEWS_TRENDS_MENTIONS
from services.trends.article_state import event_time_of
from services.trends.change import mentions
from services.trends.clock import Clock
from services.trends.dead_letters import read_all
from services.trends.ledger import CLOCK, STATE, Copy, Ledger, Settled, by_partition
from services.trends.metrics import TrendsMetrics
from services.trends.originals import ENTRY, SKETCH, Entry, Originals
from services.trends.overlay import Overlay
from services.trends.reading import reading_from_bytes
from services.trends.sending import Send, send_all
from services.trends.signature import METHOD, VERSION
from services.trends.stage import ends
from services.trends.sweep import Sweep
from services.trends.table import PartitionTable

# The topic that feeds it has one partition.
_PARTITION = 0

# Changes of one message: 60 bytes each, 1.6 kB at worst, and a message may have 4 MB.
_MAX_CHANGES = 2_000


class Duplicates:
    """Sends first and remembers then: what it has remembered is settled, and what it hasn't is settled again, alike."""

    name = "duplicates"

    def __init__(
        self,
        app: Any,
        table: PartitionTable,
        originals: Originals,
        executor: Executor,
        metrics: TrendsMetrics,
        now: Callable[[], datetime],
        grace_s: int,
        retention_s: int,
        threshold: float,
        partitions: int,
    ) -> None:
        """`partitions`: of news.trends.mentions; `now` dates dead letters."""
        self._app, self._table, self._executor = app, table, executor
        self._metrics, self._now = metrics, now
        self._ledger = Ledger(originals, grace_s)
        self._threshold, self._partitions = threshold, partitions
        self._position: int | None = None
        # An article's state is needed as long as a record may change what it adds to a bucket that is still there.
        kept_s = retention_s + grace_s
        self._sweeps = (
            Sweep(table, STATE, lambda _key, value, now_s: (event_time_of(value) < now_s - kept_s, None)),
            Sweep(
                table, ENTRY, lambda _key, value, now_s: (originals.is_over(Entry.from_bytes(value).event_time_s, now_s), None)
            ),
        )

    async def handle(self, events: Sequence[Any]) -> None:
        """Settles the records in order."""
        loop = asyncio.get_running_loop()
        state = Overlay(self._table, _PARTITION)
        settled, letters = await loop.run_in_executor(self._executor, self._settle, state, events)
        await send_all(self._app.producer, letters)
        await self._send(settled)
        generation = events[0].message.generation_id
        await self._table.write(_PARTITION, state.writes, generation)
        self._position = self._table.position(_PARTITION)
        for tp, (offset, _generation) in ends(events).items():
            self._app.consumer.done(tp, offset, generation)
        self._count(settled)
        await self._sweep(generation)

    def _settle(self, state: Overlay, events: Sequence[Any]) -> tuple[list[Settled], list[Send]]:
        if self._position != self._table.position(_PARTITION):
            self._load()
        # Until the table has what is settled here, the index and the clock are ahead of it.
        self._position = None
        readings, letters = read_all(events, lambda record: reading_from_bytes(record.value or b""), self._now)
        return [self._ledger.settle(state, reading, record.offset) for record, reading in readings], letters

    def _load(self) -> None:
        stored = self._table.get(_PARTITION, CLOCK)
        self._ledger.clock = Clock.from_bytes(stored) if stored is not None else Clock()
        self._ledger.originals.load(self._table, _PARTITION, self._ledger.clock.now_s)

    async def _send(self, settled: Sequence[Settled]) -> None:
        copies = [self._copy(result.copy) for result in settled if result.copy is not None]
        changes = by_partition((change for result in settled for change in result.changes), self._partitions)
        await send_all(self._app.producer, copies)
        # One message for a partition at a time: were the first to fail and the second not, its changes would be skipped.
        while changes:
            await send_all(self._app.producer, [self._mentions(to, found[:_MAX_CHANGES]) for to, found in changes.items()])
            changes = {to: rest for to, found in changes.items() if (rest := found[_MAX_CHANGES:])}

    def _mentions(self, partition: int, changes: Sequence[Any]) -> Send:
        clock = self._ledger.clock
        return Send(NEWS_TRENDS_MENTIONS.name, partition, None, mentions(changes, clock.now_s, clock.started_s))

    def _copy(self, copy: Copy) -> Send:
        if copy.original is None:
            return Send(NEWS_DUPLICATES.name, None, copy.article_id.encode(), None)
        duplicate = Duplicate(
            article_id=copy.article_id,
            original_id=str(uuid.UUID(bytes=copy.original)),
            similarity=copy.similarity / 10_000,
            group_size=copy.group_size,
            detected_at=datetime.fromtimestamp(copy.event_time_s, UTC),
            method=METHOD,
            version=VERSION,
            threshold=self._threshold,
        )
        return Send(NEWS_DUPLICATES.name, None, copy.article_id.encode(), encode(duplicate))

    def _count(self, settled: Iterable[Settled]) -> None:
        for result in settled:
            self._metrics.records.labels(outcome=result.outcome).inc()
            if result.copy is not None and result.copy.original is not None:
                self._metrics.duplicates.inc()
        self._metrics.originals.set(len(self._ledger.originals))
        self._metrics.event_time.set(self._ledger.clock.now_s)

    async def _sweep(self, generation: int) -> None:
        now_s = self._ledger.clock.now_s
        self._ledger.originals.expire(now_s)
        old: list[tuple[bytes, bytes | None]] = []
        for sweep in self._sweeps:
            old += sweep.step(_PARTITION, now_s)
        old += [(SKETCH + key[1:], None) for key, _ in old if key.startswith(ENTRY)]
        self._metrics.expired.labels(table="articles").inc(len(old))
        await self._table.write(_PARTITION, old, generation)
        self._position = self._table.position(_PARTITION)
