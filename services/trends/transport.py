"""Faust's Kafka transport with what it lacks: only committed records are read, and only finished ones are committed.

Why, bug by bug: docs/decisions/0009-faust-and-its-bugs.md. Faust counts a record as done when its stream iterator moves on:
also when the handler raised, when the record belongs to a generation that has ended, or when a later one was done (its
issue 606). Here a record is done when a stage says so, after the broker confirmed everything that came of it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import faust
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from services.runtime.logs import get_log

log = get_log(__name__)

# Faust names a service's logger after its module: these would speak as if they were ours.
_FAUST_LOGGER = logging.getLogger("faust.transport")


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    logger = _FAUST_LOGGER

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust reads committed records only in its exactly-once mode; the client takes this up when it starts.
        consumer._isolation_level = "read_committed"
        return consumer

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # Faust's own gives up the whole worker when one commit fails; the next one, in seconds, says the same and more.
        assigned = self.assignment()
        commits = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if tp in assigned
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._done: dict[TP, int] = {}
        self._confirmed: dict[TP, int] = {}

    def done(self, tp: TP, next_offset: int, generation: int) -> None:
        """Everything before `next_offset` is finished; ignored when the partition has been handed on since then."""
        if generation == self.app.consumer_generation_id:
            self._done[tp] = next_offset

    def finished(self, tp: TP) -> int:
        """The offset before which everything is done here or was before; 0 when nobody ever said so."""
        return self._done.get(tp) or self._committed_offset.get(tp) or 0

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commits what is done, as Faust does, and forgets it: the next generation begins at what is committed."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._done.pop(tp, None)
            self._confirmed.pop(tp, None)

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
