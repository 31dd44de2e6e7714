"""A lane begins anew after an error, and ends when it is dismissed, whatever happens in the same moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from services.runtime.failpoints import pass_by
from services.runtime.lane import Lane, LaneParts, dismiss
from services.runtime.metrics import new_metrics
from services.runtime.pause import Pause
from services.runtime.records import Message, Outcome, Record
from services.runtime.settings import StreamSettings
from services.runtime.starts import Begin

PARTITION = TopicPartition("news.raw", 0)


@dataclass
class Fenced:
    """A sink whose commits wait until the producer is fenced."""

    fence: asyncio.Event = field(default_factory=asyncio.Event)
    commits: int = 0
    starts: int = 0

    async def start(self) -> None:
        self.starts += 1

    async def commit(self, outcomes: Sequence[Outcome], next_offset: int, note: str = "") -> None:
        self.commits += 1
        if outcomes:
            await self.fence.wait()
            raise ProducerFenced

    async def stop(self) -> None:
        pass


async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
    return [Outcome(record, "enriched", Message("out", b"k", b"v")) for record in records]


def rescue(record: Record, error: Exception) -> Outcome:
    raise error


async def nothing(partition: TopicPartition) -> None:
    pass


async def begin(partition: TopicPartition) -> Begin:
    return Begin(0, 0)


def lane_on(sink: Fenced) -> Lane:
    parts = LaneParts(
        handler=handler,
        isolated=handler,
        rescue=rescue,
        new_sink=lambda partition: sink,
        confirm=nothing,
        begin=begin,
        starting=asyncio.Semaphore(1),
        settled=lambda outcomes: None,
        pause=Pause(),
        admit=lambda partition: None,
        hold=lambda partition: None,
        reap=lambda sink: None,
        settings=StreamSettings(),
        metrics=new_metrics(),
        at=pass_by,
    )
    return Lane(PARTITION, parts)


async def committing(sink: Fenced) -> tuple[Lane, "asyncio.Task[None]"]:
    """A lane in the middle of a commit."""
    lane = lane_on(sink)
    task = asyncio.create_task(lane.run())
    async with asyncio.timeout(5):
        while not lane.is_ready:
            await asyncio.sleep(0)
        lane.offer([Record("news.raw", 0, 0, b"k", b"v", (), 0)])
        while sink.commits < 2:  # its start is counted, then the batch is committed
            await asyncio.sleep(0)
    return lane, task


@pytest.mark.parametrize("steps", range(12))
async def test_a_lane_that_is_fenced_and_dismissed_at_once_ends(steps: int) -> None:
    sink = Fenced()
    lane, task = await committing(sink)
    sink.fence.set()
    for _ in range(steps):  # dismissed a little later each time
        await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await dismiss([(lane, task)])
    assert task.done() and not lane.is_ready


async def test_a_lane_that_is_fenced_begins_anew() -> None:
    sink = Fenced()
    lane, task = await committing(sink)
    sink.fence.set()
    async with asyncio.timeout(5):
        while sink.starts < 2:
            await asyncio.sleep(0.01)
    await dismiss([(lane, task)])
