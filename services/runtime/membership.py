"""What a worker asks its consumer group: whether a partition still is its own, and where to begin there."""

import contextlib
from typing import Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, NoError, NotCoordinatorForGroupError, RebalanceInProgressError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.group import HeartbeatRequest

from services.runtime.committed import committed_in
from services.runtime.errors import TransientError
from services.runtime.starts import Begin, starts_of


class NotOurs(TransientError):
    """The partition may have been given to another worker."""


class Membership:
    """A consumer's place in its group."""

    def __init__(self, consumer: AIOKafkaConsumer, start_from: Literal["earliest", "latest"]) -> None:
        self._consumer, self._start_from = consumer, start_from

    async def confirm(self, partition: TopicPartition) -> None:
        """A worker that slept through its session must not fence the partition's new owner: the group is asked first.

        aiokafka 0.14 has no public way to ask. Its own `_do_heartbeat` forgets the member's id when it is no longer known,
        and while the client joins anew, that is the new id: it would then never join again.
        """
        coordinator = self._consumer._coordinator
        heartbeat = HeartbeatRequest(coordinator.group_id, coordinator.generation, coordinator.member_id)
        answer = for_code((await coordinator._send_req(heartbeat)).error_code)
        if answer not in (NoError, RebalanceInProgressError) or partition not in self._consumer.assignment():
            raise NotOurs(f"partition {partition.partition} may be another worker's by now")

    async def begin(self, partition: TopicPartition) -> Begin:
        """Seeks to the committed offset and says where that is; a group that has none decides on one first.

        Raises:
            KafkaError: the group's coordinator doesn't know now.
        """
        coordinator = self._consumer._coordinator
        await coordinator.ensure_coordinator_known()
        answer = await coordinator._send_req(OffsetFetchRequest(coordinator.group_id, [(partition.topic, [partition.partition])]))
        try:
            offset, note = committed_in(answer)[partition]
        except NotCoordinatorForGroupError:
            coordinator.coordinator_dead()
            raise
        begin = Begin(offset, starts_of(note)) if offset >= 0 else await self._decide(partition)
        self._consumer.seek(partition, begin.offset)
        return begin

    async def _decide(self, partition: TopicPartition) -> Begin:
        """Where a new group begins is an explicit decision, and committed: it holds from now on."""
        first = self._start_from == "earliest"
        find = self._consumer.beginning_offsets if first else self._consumer.end_offsets
        offset = (await find([partition]))[partition]
        await self._consumer.commit({partition: offset})
        return Begin(offset, 0)

    def hold(self, partition: TopicPartition) -> None:
        """Stops fetching, where the partition still is ours."""
        with contextlib.suppress(IllegalStateError):
            self._consumer.pause(partition)
