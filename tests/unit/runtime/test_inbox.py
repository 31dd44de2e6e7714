"""The waiting room of a partition: order, bounds, waiting."""

import asyncio

from services.runtime.inbox import Inbox
from services.runtime.records import Record


def record(offset: int, size: int = 10) -> Record:
    return Record("news.raw", 0, offset, None, b"x" * size, (), 0)


def offsets(records: list[Record]) -> list[int]:
    return [r.offset for r in records]


async def test_comes_out_in_order_in_batches_of_the_asked_size() -> None:
    inbox = Inbox(max_records=10, max_bytes=1_000)
    inbox.put([record(i) for i in range(5)])
    assert offsets(inbox.take(3, 1_000)) == [0, 1, 2]
    assert offsets(inbox.take(3, 1_000)) == [3, 4]


async def test_a_batch_ends_before_it_gets_too_heavy_but_holds_at_least_one() -> None:
    inbox = Inbox(max_records=10, max_bytes=1_000)
    inbox.put([record(0, 60), record(1, 60), record(2, 500)])
    assert offsets(inbox.take(10, 100)) == [0]
    assert offsets(inbox.take(10, 130)) == [1]
    assert offsets(inbox.take(10, 100)) == [2]


async def test_room_ends_at_either_bound_and_comes_back() -> None:
    inbox = Inbox(max_records=3, max_bytes=100)
    assert inbox.has_room
    inbox.put([record(0), record(1), record(2)])
    assert not inbox.has_room
    inbox.take(2, 1_000)
    assert inbox.has_room
    inbox.put([record(3, 500)])
    assert not inbox.has_room


async def test_arrived_waits_for_the_first_record() -> None:
    inbox = Inbox(max_records=3, max_bytes=100)
    arrived = asyncio.ensure_future(inbox.arrived())
    await asyncio.sleep(0)
    assert not arrived.done()
    inbox.put([record(7)])
    await arrived
    assert inbox.next_offset == 7
