"""Records of a Faust stream in batches: as many as have come, but not before a moment has passed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

# Records that wait here, besides those in Faust's own queues.
_WAITING = 64


async def batches(stream: Any, max_records: int, within_s: float) -> AsyncGenerator[list[Any], None]:
    """Lists of events in order, each at most `max_records` long and begun at most `within_s` ago; ends with the stream.

    Not Faust's `take`: it acknowledges what it holds when the loop around it is left, however it is left.
    """
    queue: asyncio.Queue[Any] = asyncio.Queue(_WAITING)
    pump = asyncio.create_task(_pump(stream, queue), name="trends-pump")
    try:
        while batch := await _batch(queue, pump, max_records, within_s):
            yield batch
    finally:
        pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pump


async def _pump(stream: Any, queue: asyncio.Queue[Any]) -> None:
    async for event in stream.events():
        await queue.put(event)


async def _batch(queue: asyncio.Queue[Any], pump: asyncio.Task[None], max_records: int, within_s: float) -> list[Any]:
    first = await _first(queue, pump)
    if first is None:
        return []
    batch = [first]
    deadline = asyncio.get_running_loop().time() + within_s
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            while len(batch) < max_records:
                batch.append(await queue.get())
    return batch


async def _first(queue: asyncio.Queue[Any], pump: asyncio.Task[None]) -> Any | None:
    """The next event, None when the stream has ended; raises what it ended with."""
    if not queue.empty():
        return queue.get_nowait()
    waiting = asyncio.ensure_future(queue.get())
    try:
        await asyncio.wait({waiting, pump}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            pump.result()
            return None
        return waiting.result()
    finally:
        waiting.cancel()
