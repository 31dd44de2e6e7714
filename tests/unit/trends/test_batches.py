"""Batches of a stream: in order, bounded, and what the stream ends with is heard."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from services.trends.batches import batches


class Stream:
    """Gives its events at once, then waits, ends or raises."""

    def __init__(self, events: Sequence[int], ending: BaseException | None = None, waits: bool = False) -> None:
        self._events, self._ending, self._waits = events, ending, waits
        self.given = 0

    async def events(self) -> AsyncIterator[int]:
        for event in self._events:
            self.given += 1
            yield event
        if self._waits:
            await asyncio.Event().wait()
        if self._ending is not None:
            raise self._ending


async def collected(stream: Stream, max_records: int, within_s: float = 0.01) -> list[list[int]]:
    return [batch async for batch in batches(stream, max_records, within_s)]


async def test_events_come_in_order_in_bounded_batches() -> None:
    found = await collected(Stream(range(1, 26)), max_records=10)
    assert [event for batch in found for event in batch] == list(range(1, 26))
    assert max(map(len, found)) == 10


async def test_a_lone_event_does_not_wait_for_others() -> None:
    stream = batches(Stream([1], waits=True), 100, 0.01)
    async with asyncio.timeout(5):
        assert await anext(stream) == [1]
    await stream.aclose()


async def test_the_error_of_the_stream_is_raised_after_its_events() -> None:
    seen: list[int] = []
    with pytest.raises(ValueError, match="no JSON"):
        async for batch in batches(Stream([1, 2], ValueError("no JSON")), 1, 0.01):
            seen += batch
    assert seen == [1, 2]


async def test_a_slow_reader_stops_the_stream() -> None:
    stream = Stream(range(1, 1_001), waits=True)
    reading = batches(stream, 5, 0.01)
    await anext(reading)
    for _ in range(100):
        await asyncio.sleep(0)
    assert stream.given < 100
    await reading.aclose()


async def test_leaving_the_loop_ends_the_pump() -> None:
    before = asyncio.all_tasks()
    reading = batches(Stream([1], waits=True), 5, 0.01)
    await anext(reading)
    assert len(asyncio.all_tasks() - before) == 1
    await reading.aclose()
    assert asyncio.all_tasks() == before
