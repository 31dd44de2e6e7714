"""The stream worker: one consumer, a lane per assigned partition, nothing lost on the way; knows nothing of news.

Rules and their reasons: docs/architecture.md. The consumer's positions are not trusted after an exception; the worker
keeps its own (`Lane.fetch_offset`) and seeks back to them.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)

from services.runtime.failpoints import Failpoint, pass_by
from services.runtime.health import Verdict
from services.runtime.lane import Lane, LaneParts, dismiss
from services.runtime.lifecycle import Backoff, LoopWatch
from services.runtime.logs import get_log
from services.runtime.membership import Membership
from services.runtime.metrics import Metrics
from services.runtime.records import Handler, Record, Rescue
from services.runtime.settings import KafkaSettings, StreamSettings
from services.runtime.sink import NewPartitionSink, Sink
from services.runtime.standstill import Standstill

log = get_log(__name__)

_POLL_MS = 200
_FIND_MS = 500
_FETCH_MAX_RECORDS = 1_000
_STARTS_AT_ONCE = 16
# What decoding raises: a header's key that isn't UTF-8, a wrong checksum or length, a codec that we don't have.
_CAUSED_BY_A_RECORD = (UnicodeDecodeError, CorruptRecordException, UnsupportedCodecError)
# Leaving the group because nobody polled is no use to us: a worker that stands still says so in its health.
_NEVER_MS = 7 * 24 * 60 * 60 * 1000
_SINK_STOP_DEADLINE_S = 10.0
_LOOP_STUCK_S = 30.0


class StreamWorker:
    """Consumes a topic in a group and turns every record into exactly one outcome."""

    def __init__(
        self,
        *,
        topic: str,
        group: str,
        bootstrap_servers: str,
        kafka: KafkaSettings,
        settings: StreamSettings,
        handler: Handler,
        isolated: Handler,
        rescue: Rescue,
        new_sink: NewPartitionSink,
        metrics: Metrics,
        at: Failpoint = pass_by,
    ) -> None:
        self._topic, self._settings, self._metrics, self._at = topic, settings, metrics, at
        self._consumer = _new_consumer(group, bootstrap_servers, kafka, settings)
        self._standstill = Standstill(bootstrap_servers, kafka, group, settings, metrics)
        membership = Membership(self._consumer, settings.start_from)
        self._parts = LaneParts(
            handler=handler,
            isolated=isolated,
            rescue=rescue,
            new_sink=lambda partition: new_sink(self._consumer, partition),
            confirm=membership.confirm,
            begin=membership.begin,
            starting=asyncio.Semaphore(_STARTS_AT_ONCE),
            settled=self._standstill.observe,
            pause=self._standstill.pause,
            admit=self._consumer.resume,
            hold=membership.hold,
            reap=self._reap,
            settings=settings,
            metrics=metrics,
            at=at,
        )
        self._lanes: dict[TopicPartition, tuple[Lane, asyncio.Task[None]]] = {}
        self._reaping: set[asyncio.Task[None]] = set()
        self._watch = LoopWatch(metrics.loop_lag_seconds)
        self._joined = False

    # Health, read from another thread

    def alive(self) -> Verdict:
        """The loop turned lately, and no partition stands still without a named reason."""
        loop_age_s = time.monotonic() - self._watch.turned_at
        lanes = [lane for lane, _ in list(self._lanes.values())]
        stalled = [lane.partition.partition for lane in lanes if lane.is_stalled]
        details = {"loop_turned_s_ago": round(loop_age_s, 1), "stalled_partitions": stalled}
        return Verdict(loop_age_s < _LOOP_STUCK_S and not stalled, details)

    def ready(self) -> Verdict:
        """The group is joined and every assigned partition takes records."""
        lanes = [lane for lane, _ in list(self._lanes.values())]
        paused = self._standstill.pause.reason
        holds = self._joined and not paused and all(lane.is_ready for lane in lanes)
        details = {"joined": self._joined, "paused": paused, "partitions": [lane.describe() for lane in lanes]}
        return Verdict(holds, details)

    # The run

    async def run(self, stop: asyncio.Event) -> None:
        """Works until the event is set, then drains under the stop deadline."""
        async with self._watch.running(), self._standstill.running():
            try:
                if await self._connected(stop):
                    self._consumer.subscribe([self._topic], listener=_Listener(self._assigned, self._revoked))
                    await self._fetch_until(stop)
            finally:
                await self._shut_down()

    async def _connected(self, stop: asyncio.Event) -> bool:
        """Whether a broker answered before the event was set: a worker may be started while its broker is away."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                if self._consumer._fetcher is None:
                    await self._consumer.start()
                # A broker that has just started may not know of itself yet, which aiokafka's coordinator can't bear.
                while not stop.is_set() and not self._consumer._client.cluster.brokers():
                    await self._consumer._client.force_metadata_update()
                    await asyncio.sleep(0.1)
                return True
            except KafkaError as error:
                log.warning("broker_away", reason=str(error)[:300])
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), backoff.next_s())
        return False

    async def _fetch_until(self, stop: asyncio.Event) -> None:
        stopped = asyncio.ensure_future(stop.wait())
        stopped.add_done_callback(self._drain_lanes)  # at once: a fetch may wait, and fast lanes go on meanwhile
        backoff = Backoff()
        try:
            while not stopped.done():
                self._raise_if_a_lane_broke()
                try:
                    await self._fetch_once(stopped)
                    backoff.reset()
                except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
                    self._out_of_range(error)
                except (KafkaError, UnicodeDecodeError) as error:
                    log.warning("fetch_failed", error=type(error).__name__, reason=str(error)[:300])
                    await self._find_unreadable()
                    await backoff.wait()
        finally:
            stopped.cancel()

    async def _fetch_once(self, stopped: "asyncio.Future[Any]") -> None:
        open_partitions = [partition for partition, (lane, _) in self._lanes.items() if lane.has_room]
        if not open_partitions:
            await asyncio.wait((stopped,), timeout=_POLL_MS / 1000 / 10)
            return
        fetched = await self._consumer.getmany(*open_partitions, timeout_ms=_POLL_MS, max_records=_FETCH_MAX_RECORDS)
        self._offer(fetched)  # at once: behind an await, its lane might have begun anew elsewhere
        if fetched:
            await self._at("after_fetch")
        self._measure_lag(open_partitions)

    def _offer(self, fetched: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]) -> None:
        for partition, records in fetched.items():
            if found := self._lanes.get(partition):
                found[0].offer([_record(record) for record in records])

    async def _find_unreadable(self) -> None:
        """After an exception from a fetch: back to our own positions, then record by record to the one that it was."""
        self._seek_back()
        for partition, (lane, _) in [each for each in self._lanes.items() if each[1][0].has_room]:
            try:
                for _ in range(_FETCH_MAX_RECORDS):
                    fetched = await self._consumer.getmany(partition, timeout_ms=_FIND_MS, max_records=1)
                    self._offer(fetched)
                    if not fetched or not lane.has_room:
                        break
            except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
                self._out_of_range(error)
            except _CAUSED_BY_A_RECORD as error:
                self._seek_back()
                # When a rebalance came in between, the partition's new lane will come upon it by itself.
                if self._lanes.get(partition, (None,))[0] is lane:
                    lane.halt(f"unreadable record at offset {lane.fetch_offset}: {type(error).__name__}")
            except KafkaError as error:
                self._seek_back()
                log.warning("fetch_failed", error=type(error).__name__, reason=str(error)[:300])

    def _seek_back(self) -> None:
        for partition, (lane, _) in self._lanes.items():
            if lane.is_ready and partition in self._consumer.assignment():
                self._consumer.seek(partition, lane.fetch_offset)

    def _out_of_range(self, error: Exception) -> None:
        """A position that the broker doesn't have: that partition stops, the others go on from our own positions."""
        self._seek_back()
        positions: Any = error.args[0] if error.args else {}
        partitions: Iterable[TopicPartition] = positions if isinstance(positions, dict) else ()
        for partition in partitions:
            if (found := self._lanes.get(partition)) and found[0].is_ready:
                found[0].halt(f"offset {found[0].fetch_offset} is out of range: records are missing; seek the group by command")

    # Assignment and revocation

    async def _assigned(self, partitions: Sequence[TopicPartition]) -> None:
        self._consumer.pause(*partitions)
        for partition in partitions:
            lane = Lane(partition, self._parts)
            self._lanes[partition] = (lane, asyncio.create_task(lane.run(), name=f"lane-{partition.partition}"))
        self._joined = True
        log.info("assigned", topic=self._topic, partitions=sorted(partition.partition for partition in partitions))

    async def _revoked(self, partitions: Sequence[TopicPartition]) -> None:
        taken = [self._lanes[partition] for partition in partitions if partition in self._lanes]
        await asyncio.gather(*(lane.settle(self._settings.revoke_deadline_s) for lane, _ in taken))
        await dismiss(taken)
        for partition in partitions:
            self._lanes.pop(partition, None)
        if partitions:
            log.info("revoked", topic=self._topic, partitions=sorted(partition.partition for partition in partitions))

    def _reap(self, sink: Sink) -> None:
        async def stop() -> None:
            try:
                await asyncio.wait_for(sink.stop(), _SINK_STOP_DEADLINE_S)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("producer_not_stopped", error=type(error).__name__)

        task = asyncio.create_task(stop(), name="reaper")
        self._reaping.add(task)
        task.add_done_callback(self._reaping.discard)

    # Ends

    def _raise_if_a_lane_broke(self) -> None:
        for _, task in self._lanes.values():
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    def _drain_lanes(self, *_: object) -> None:
        for lane, _task in self._lanes.values():
            lane.drain()

    async def _shut_down(self) -> None:
        """Stops fetching, lets each lane finish the batch in hand, leaves the group: all under one deadline."""
        self._drain_lanes()
        tasks = [task for _, task in self._lanes.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.stop_deadline_s)
        await dismiss(self._lanes.values())
        self._lanes.clear()
        try:
            await asyncio.wait_for(self._consumer.stop(), _SINK_STOP_DEADLINE_S)
        except (KafkaError, TimeoutError) as error:
            log.warning("consumer_not_stopped", error=type(error).__name__)
        if self._reaping:
            await asyncio.wait(set(self._reaping), timeout=_SINK_STOP_DEADLINE_S)
        log.info("stopped", topic=self._topic)

    def _measure_lag(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            end = self._consumer.highwater(partition) if partition in self._consumer.assignment() else None
            if end is not None and (found := self._lanes.get(partition)):
                self._metrics.lag.labels(partition=partition.partition).set(max(0, end - found[0].committed_offset))


def _new_consumer(group: str, bootstrap_servers: str, kafka: KafkaSettings, settings: StreamSettings) -> AIOKafkaConsumer:
    """A consumer that does nothing by itself: no commit, no jump to an offset, no leaving of the group."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        client_id=f"newsloom-{group}",
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        session_timeout_ms=int(settings.session_timeout_s * 1000),
        heartbeat_interval_ms=int(settings.heartbeat_interval_s * 1000),
        rebalance_timeout_ms=int(settings.rebalance_timeout_s * 1000),
        max_poll_interval_ms=_NEVER_MS,
        **kafka.client_options(),
    )


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Hands partitions over; `assigned` pauses them in its first statement and returns at once."""

    def __init__(self, assigned: Callable[..., Any], revoked: Callable[..., Any]) -> None:
        self._assigned, self._revoked = assigned, revoked

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._assigned(list(assigned))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._revoked(list(revoked))


def _record(record: ConsumerRecord[bytes, bytes]) -> Record:
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        timestamp_ms=record.timestamp,
    )
