"""Faust's Kafka transport with what it lacks: only committed records are read, and only finished ones are committed.

Why, bug by bug: docs/decisions/0009-faust-and-its-bugs.md. Faust counts a record as done when its stream iterator moves on:
also when the handler raised, when the record belongs to a generation that has ended, or when a later one was done (its
issue 606). Here a record is done when a stage says so, after the broker confirmed everything that came of it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from services.runtime.logs import get_log

log = get_log(__name__)

# Faust names a service's logger after its module: these would speak as if they were ours.
_FAUST_LOGGER = logging.getLogger("faust.transport")

# Without it some records are read again; the others of the group wait for us meanwhile.
_LAST_COMMIT_S = 3.0

_LOOK_S = 0.02


class _Message(ConsumerMessage):
    """A record with the number of seeks before which it was fetched."""

    __slots__ = ("seeks",)

    seeks: int


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A record as the client gave it, with the number of seeks before which it was fetched."""

    record: Any
    seeks: int


class _Unfiltered(dict[TP, None]):
    """In place of how far each partition was read: by that Faust drops records that it has handed out before, also when it
    went back to read them again. Nothing is remembered here, so nothing is dropped."""

    def __missing__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: None) -> None:
        pass

    def update(self, *args: Any, **kwargs: Any) -> None:
        pass


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    logger = _FAUST_LOGGER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seeks = 0
        self._position = asyncio.Lock()

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> dict[TP, list[_Fetched]]:
        # While partitions change hands only changelogs are read: Faust empties its queues when all is ready, and that is behind
        # the seek to the committed offsets, so that what it had fetched by then would be lost.
        wanted = {tp for tp in tuple(active_partitions) if not self.app.rebalancing or self.consumer._is_changelog_tp(tp)}
        if not wanted:
            await asyncio.sleep(_LOOK_S)
            return {}
        # One at a time with the seek: records from before it must not pass for those behind it, nor the other way round.
        async with self._position:
            fetched = await super()._fetch_records(consumer, wanted, timeout, max_records)
            return {tp: [_Fetched(record, self.seeks) for record in records] for tp, records in fetched.items()}

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return cast(Mapping[TP, int], await self.call_thread(self._seek_to_committed))

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        async with self._position:
            offsets: Mapping[TP, int] = await self._ensure_consumer().seek_to_committed()
            self.seeks += 1
            return offsets

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust reads committed records only in its exactly-once mode; the client takes this up when it starts.
        consumer._isolation_level = "read_committed"
        return consumer

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # Faust's own gives up the whole worker when one commit fails; the next one, in seconds, says the same and more.
        assigned = self.assignment()
        commits = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items() if tp in assigned
        }
        try:
            await self._ensure_consumer().commit(commits)
        except KafkaError as error:
            log.warning("commit_failed", error=type(error).__name__, partitions=len(commits))
            return False
        return True


class Consumer(driver.Consumer):
    """A consumer that commits the offsets that `done` was told, and no others."""

    logger = _FAUST_LOGGER
    _thread: _ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _Unfiltered()  # type: ignore[assignment]  # it takes no offsets
        self._done: dict[TP, int] = {}
        self._confirmed: dict[TP, int] = {}
        self._handed: dict[TP, int] = {}

    def done(self, tp: TP, next_offset: int, generation: int) -> None:
        """Everything before `next_offset` is finished; ignored when the partition has been handed on since then."""
        if generation == self.app.consumer_generation_id:
            self._done[tp] = next_offset

    def finished(self, tp: TP) -> int:
        """The offset before which everything is done here or was before; 0 when nobody ever said so."""
        return self._done.get(tp) or self._committed_offset.get(tp) or 0

    @property
    def hears_the_group(self) -> bool:
        """Whether the group's coordinator is known: not while the broker is away."""
        client = self._thread._consumer
        return client is not None and client._coordinator.coordinator_id is not None

    async def lag(self, tp: TP) -> int:
        """Records of the partition that aren't done: not fetched yet, or in work. The ends of transactions are none."""
        finished, end = self.finished(tp), self.app.monitor.tp_end_offsets.get(tp, 0)
        fetched = max(await self.position(tp) or 0, finished)
        return max(0, end - fetched) + max(0, self._handed.get(tp, 0) - finished)

    async def current(self, messages: Sequence[Any]) -> list[bool]:
        """Which records are to be handled, once the tables are complete; the others are fetched again, here or elsewhere.

        Faust fetches while it hands partitions over, too, and while it reads tables back, and then goes back to the committed
        offsets. What it had before that would meet half a table, and stand before records that it comes after.
        """
        while self.app.rebalancing:
            await asyncio.sleep(_LOOK_S)
        present = self.app.consumer_generation_id, self._thread.seeks
        return [(message.generation_id, message.seeks) == present for message in messages]

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commits what is done and forgets it: the next generation begins at what is committed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_COMMIT_S):
                await self.commit()
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._done.pop(tp, None)
            self._confirmed.pop(tp, None)
            self._handed.pop(tp, None)

    def on_buffer_drop(self, tp: TP) -> None:
        """A full queue has room again: its partition is fetched from, unless it is paused, which Faust forgets."""
        if tp in self._paused_partitions:
            self._buffered_partitions.discard(tp)
        else:
            super().on_buffer_drop(tp)

    def _to_message(self, tp: TP, fetched: _Fetched) -> _Message:
        record = fetched.record
        message = _Message(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp / 1000,
            record.timestamp_type,
            record.headers,
            record.key,
            record.value,
            record.checksum,
            record.serialized_key_size,
            record.serialized_value_size,
            tp,
            generation_id=self.app.consumer_generation_id,
        )
        message.seeks = fetched.seeks
        self._handed[tp] = record.offset + 1
        return message

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _filter_tps_with_pending_acks(self, topics: Iterable[Any] | None = None) -> Iterator[TP]:
        return (tp for tp in tuple(self._done) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._done.get(tp)

    def _should_commit(self, tp: TP, offset: int) -> bool:
        # Faust remembers an offset as committed also when the commit failed, and would never try again.
        return offset > self._confirmed.get(tp, -1)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        is_committed = bool(await super()._commit(offsets))
        if is_committed:
            self._confirmed.update(offsets)
        return is_committed


class Producer(driver.Producer):
    """A producer whose retries neither repeat nor reorder records of a partition."""

    logger = _FAUST_LOGGER

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """The transport made of these."""

    Consumer = Consumer
    Producer = Producer


class App(faust.App):
    """A Faust application on this transport."""

    logger = _FAUST_LOGGER

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)
