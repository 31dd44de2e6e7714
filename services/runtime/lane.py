"""One input partition's way through the worker: fetched records, handled batches, confirmed commits, in order.

A lane runs sessions. A session starts a sink (which later fences zombies), reads the committed offset from the broker,
seeks there and only then lets records in; handling a batch overlaps with committing the one before. After anything odd
the session ends, what was in flight is dropped, and a new one begins at the committed offset: there is no other way on.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.errors import InvalidRecord, TransientError
from services.runtime.failpoints import Failpoint
from services.runtime.inbox import Inbox
from services.runtime.lifecycle import Backoff
from services.runtime.logs import get_log
from services.runtime.metrics import Metrics, count_outcomes
from services.runtime.pause import Pause
from services.runtime.records import Handler, Outcome, Record, Rescue
from services.runtime.settings import StreamSettings
from services.runtime.sink import NewSink, Sink
from services.runtime.starts import SUSPICIOUS, Begin, note_of

log = get_log(__name__)

RUNNING = "running"

# What may have been in a worker's hands behind the committed offset when it died: a batch that is being committed, one that is
# handled, one that waits between the two, one that has just been taken.
_BATCHES_IN_HAND = 4


@dataclass(frozen=True)
class LaneParts:
    """What every lane of a worker shares."""

    handler: Handler
    isolated: Handler
    """The handler of records that may have killed workers; what it can't bear raises InvalidRecord."""
    rescue: Rescue
    new_sink: NewSink
    confirm: Callable[[TopicPartition], Awaitable[None]]
    """Asks the group whether the partition still is ours; raises TransientError when it may not be."""
    begin: Callable[[TopicPartition], Awaitable[Begin]]
    """Reads the committed offset (a new group: decides and commits one), seeks there and returns it."""
    starting: asyncio.Semaphore
    """How many partitions may begin at once: each start is a handful of requests to the broker and two connections."""
    settled: Callable[[Sequence[Outcome]], None]
    """Told what was committed."""
    pause: Pause
    admit: Callable[[TopicPartition], None]
    """Resumes fetching of a partition."""
    hold: Callable[[TopicPartition], None]
    """Pauses fetching of a partition that is still ours."""
    reap: Callable[[Sink], None]
    """Stops a sink in the background under a deadline of its own."""
    settings: StreamSettings
    metrics: Metrics
    at: Failpoint


@dataclass(frozen=True, slots=True)
class _Batch:
    outcomes: Sequence[Outcome]
    next_offset: int


class Lane:
    """One partition from assignment to revocation."""

    def __init__(self, partition: TopicPartition, parts: LaneParts) -> None:
        self.partition = partition
        self.fetch_offset = 0
        self.committed_offset = 0
        self.reason = "starting"
        self._parts = parts
        self._inbox: Inbox | None = None
        self._stopping = asyncio.Event()
        self._committing = asyncio.Lock()
        self._handling_since: float | None = None
        self._is_counted = False
        self._suspicious_until = 0

    @property
    def is_ready(self) -> bool:
        """Whether records may come in."""
        return self._inbox is not None

    @property
    def has_room(self) -> bool:
        """Whether to fetch for this lane now."""
        return self._inbox is not None and self._inbox.has_room and self._parts.pause.reason is None

    @property
    def is_stalled(self) -> bool:
        """Whether a batch has taken longer than any should."""
        since = self._handling_since
        return since is not None and time.monotonic() - since > self._parts.settings.stall_after_s

    def describe(self) -> dict[str, Any]:
        """How it stands, for an operator."""
        return {
            "partition": self.partition.partition,
            "state": self.reason if self.reason != RUNNING else self._parts.pause.reason or self.reason,
            "next_offset": self.committed_offset,
            "waiting": len(self._inbox) if self._inbox is not None else 0,
        }

    def offer(self, records: Sequence[Record]) -> None:
        """Takes in what was fetched; dropped when the lane isn't ready, since it seeks before it lets records in."""
        if self._inbox is not None and records:
            self._inbox.put(records)
            self.fetch_offset = records[-1].offset + 1

    def halt(self, reason: str) -> None:
        """Stops this partition for good, with a named reason; a person must look."""
        log.error("partition_halted", topic=self.partition.topic, partition=self.partition.partition, reason=reason)
        self._close(reason)

    async def run(self) -> None:
        """Session after session until `drain` or cancellation."""
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                await self._session(backoff)
            except* (KafkaError, TransientError, OSError, TimeoutError) as group:
                error = _first(group)
                self._parts.metrics.restarts.inc()
                log.warning(
                    "partition_restarted",
                    topic=self.partition.topic,
                    partition=self.partition.partition,
                    error=type(error).__name__,
                    reason=str(error)[:300],
                )
            if not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), backoff.next_s())

    def drain(self) -> None:
        """Lets `run` end after the batch in hand is handled and committed; what waits behind it is dropped."""
        self._stopping.set()

    async def settle(self, deadline_s: float) -> None:
        """Returns when no commit is running, or at the deadline; after that `run` may be cancelled."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await self._committing.acquire()

    async def _session(self, backoff: Backoff) -> None:
        parts = self._parts
        self.reason = "starting"
        await parts.confirm(self.partition)
        sink = parts.new_sink(self.partition)
        try:
            async with parts.starting:
                await sink.start()
                begin = await parts.begin(self.partition)
            self.fetch_offset = self.committed_offset = begin.offset
            self._inbox = inbox = Inbox(parts.settings.queue_max_records, parts.settings.queue_max_bytes)
            self.reason = RUNNING
            parts.admit(self.partition)
            handled: asyncio.Queue[_Batch | None] = asyncio.Queue(maxsize=1)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._handle_all(inbox, handled, partial(self._count_start, sink, begin)))
                tasks.create_task(self._commit_all(sink, handled, backoff))
        finally:
            self._close("restarting")
            parts.reap(sink)

    def _close(self, reason: str) -> None:
        self.reason, self._inbox, self._handling_since = reason, None, None
        self._parts.hold(self.partition)

    async def _handle_all(
        self, inbox: Inbox, handled: "asyncio.Queue[_Batch | None]", count_start: Callable[[], Awaitable[None]]
    ) -> None:
        settings = self._parts.settings
        while await self._may_take(inbox):
            await count_start()
            is_suspicious = inbox.next_offset < self._suspicious_until
            records = inbox.take(1 if is_suspicious else settings.batch_max_records, settings.batch_max_bytes)
            self._parts.metrics.isolated.inc(is_suspicious)
            self._handling_since = time.monotonic()
            outcomes = await self._handle(records, self._parts.isolated if is_suspicious else self._parts.handler)
            self._handling_since = None
            await self._parts.at("after_handling")
            self._parts.metrics.batch_records.observe(len(records))
            await handled.put(_Batch(outcomes, records[-1].offset + 1))
        await handled.put(None)

    async def _count_start(self, sink: Sink, begin: Begin) -> None:
        """Before the first batch of an assignment: if this process dies of it, the next one will know.

        An idle partition counts no starts, so those that restart with nothing to do cast no suspicion.
        """
        if self._is_counted:
            return
        async with self._committing:
            await sink.commit((), begin.offset, note_of(begin.starts + 1))
        self._is_counted = True
        if begin.starts + 1 >= SUSPICIOUS:
            self._suspicious_until = begin.offset + _BATCHES_IN_HAND * self._parts.settings.batch_max_records
            log.error(
                "records_isolated",
                topic=self.partition.topic,
                partition=self.partition.partition,
                offset=begin.offset,
                until=self._suspicious_until,
                reason=f"{begin.starts} workers began here and got no further",
            )

    async def _may_take(self, inbox: Inbox) -> bool:
        """Waits for records and for the end of a pause; False when the lane drains."""
        ready = asyncio.ensure_future(self._ready(inbox))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((ready, stop), return_when=asyncio.FIRST_COMPLETED)
            return not stop.done()
        finally:
            ready.cancel()
            stop.cancel()

    async def _ready(self, inbox: Inbox) -> None:
        await inbox.arrived()
        await self._parts.pause.over()

    async def _handle(self, records: Sequence[Record], handler: Handler) -> Sequence[Outcome]:
        backoff = Backoff()
        while True:
            try:
                return await handler(records)
            except TransientError as error:
                log.warning("batch_retried", partition=self.partition.partition, reason=str(error))
                await backoff.wait()
            except InvalidRecord as error:
                log.error("record_given_up", partition=self.partition.partition, offset=records[0].offset, reason=str(error))
                return [self._parts.rescue(records[0], error)]
            except Exception as error:  # the record loop: nothing that a record causes may end the lane
                if len(records) == 1:
                    log.exception("unexpected", partition=self.partition.partition, offset=records[0].offset)
                    return [self._parts.rescue(records[0], error)]
                return [outcome for record in records for outcome in await self._handle([record], handler)]

    async def _commit_all(self, sink: Sink, handled: "asyncio.Queue[_Batch | None]", backoff: Backoff) -> None:
        metrics = self._parts.metrics
        while batch := await handled.get():
            async with self._committing:
                with metrics.commit_seconds.time():
                    await sink.commit(batch.outcomes, batch.next_offset)
            self.committed_offset = batch.next_offset
            backoff.reset()
            count_outcomes(metrics, batch.outcomes)
            self._parts.settled(batch.outcomes)


async def dismiss(lanes: Iterable[tuple[Lane, "asyncio.Task[None]"]]) -> None:
    """Ends lanes that run in these tasks, whatever they are doing; what is in flight is dropped.

    Cancelling alone would not do: a task group whose tasks fail in that moment swallows it, and the lane would begin anew.
    """
    lanes = list(lanes)
    for lane, task in lanes:
        lane.drain()
        task.cancel()
    await asyncio.gather(*(task for _, task in lanes), return_exceptions=True)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
