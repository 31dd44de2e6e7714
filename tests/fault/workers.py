"""The workers of a run, as whoever injects faults has them: started, stopped, frozen, killed, and made to wait at a place."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.topics import NEWS_RAW
from services.runtime.failpoints import Place
from tests.fault.nursery import Born, Nursery, open_nursery

_ANSWER_DEADLINE_S = 10.0
_JOIN_DEADLINE_S = 60.0
_LOOK_EVERY_S = 0.1
# A worker that is asked to end finishes its batch, leaves its group and lets go of its producers: 10 s each at most.
_STOP_DEADLINE_S = 45.0


class NotAnswered(Exception):
    """A worker is gone, or stands still."""


@dataclass
class Worker:
    """One process."""

    number: int
    born: Born
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_ending: bool = False
    """Whether somebody wants it gone."""
    _places: "asyncio.Queue[Place]" = field(default_factory=asyncio.Queue)
    _answers: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return not self.ended.done()

    @property
    def ended(self) -> "asyncio.Future[int]":
        """Its exit code, once it has ended."""
        return self.born.ended

    def hold(self, place: Place) -> None:
        """The next batch that comes to the place waits there."""
        while not self._places.empty():
            self._places.get_nowait()
        if place == "during_producer_start":  # which a worker comes to when it begins again
            self._say("fail after_handling")
        self._say(f"hold {place}")

    async def arrives(self, deadline_s: float) -> Place:
        """Where a batch waits now; raises NotAnswered."""
        place = asyncio.ensure_future(self._places.get())
        try:
            await asyncio.wait((place, self.ended), timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
            if place.done():
                return place.result()
            raise NotAnswered(f"worker {self.number} {'ended' if not self.is_alive else 'came nowhere'}")
        finally:
            place.cancel()

    def go(self) -> None:
        """Lets the batch go on."""
        self._say("go")

    def clear(self) -> None:
        """Forgets all that it was told."""
        self._say("clear")

    async def status(self) -> dict[str, Any]:
        """What it says about itself; raises NotAnswered."""
        self._say("status")
        try:
            return await asyncio.wait_for(self._answers.get(), _ANSWER_DEADLINE_S)
        except TimeoutError:
            raise NotAnswered(f"worker {self.number} says nothing") from None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if the process still is there."""
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.is_ending = True
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.born.pid, number)

    def signal_stop(self) -> None:
        """SIGTERM; doesn't wait."""
        self.signal(signal.SIGTERM)

    async def kill(self) -> None:
        """kill -9; returns when the process is gone."""
        self.signal(signal.SIGKILL)
        await asyncio.shield(self.ended)

    async def stop(self) -> None:
        """SIGTERM, unless it had one; returns when the process is gone; raises NotAnswered when it takes too long."""
        if not self.is_ending:
            self.signal_stop()
        try:
            await asyncio.wait_for(asyncio.shield(self.ended), _STOP_DEADLINE_S)
        except TimeoutError:
            raise NotAnswered(f"worker {self.number} doesn't end within {_STOP_DEADLINE_S:g} s of SIGTERM") from None

    def _say(self, line: str) -> None:
        if self.is_alive:
            self.writer.write(f"{line}\n".encode())

    async def listen(self) -> None:
        """Sorts what it says until it ends."""
        with contextlib.suppress(ConnectionError):
            while line := (await self.reader.readline()).decode():
                word, _, rest = line.strip().partition(" ")
                if word == "at":
                    self._places.put_nowait(rest)  # type: ignore[arg-type]
                else:
                    self._answers.put_nowait(json.loads(rest))


class Workers:
    """All workers of a group, forked from one process that has everything imported: a start takes no time."""

    def __init__(self, nursery: Nursery, arguments: Sequence[str], folder: Path) -> None:
        self.all: list[Worker] = []
        self.folder = folder
        self._nursery, self._arguments = nursery, arguments
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def living(self) -> list[Worker]:
        """Those that run and are meant to."""
        return [worker for worker in self.all if worker.is_alive and not worker.is_ending]

    @property
    def fallen(self) -> list[Worker]:
        """Those that ended and were not meant to."""
        return [worker for worker in self.all if not worker.is_alive and not worker.is_ending]

    async def start(self) -> Worker:
        """A new worker; it joins its group when it is ready."""
        number = len(self.all) + 1
        born = await self._nursery.fork(self._arguments, self.folder / f"worker-{number}.log")
        reader, writer = await asyncio.open_connection(sock=born.line)
        worker = Worker(number, born, reader, writer)
        self.all.append(worker)
        task = asyncio.create_task(worker.listen(), name=f"worker-{number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return worker

    async def settled(self, among: Sequence[Worker] | None = None) -> int:
        """Waits until these workers, all by default, have every partition and are of one generation; which one it is.

        Raises:
            NotAnswered: they don't come to it, or one ended.
        """
        try:
            async with asyncio.timeout(_JOIN_DEADLINE_S):
                while (generation := await self._generation(self.living if among is None else among)) is None:
                    await asyncio.sleep(_LOOK_EVERY_S)
                return generation
        except TimeoutError:
            raise NotAnswered(f"the group isn't complete within {_JOIN_DEADLINE_S:g} s") from None

    async def _generation(self, among: Sequence[Worker]) -> int | None:
        states = [await worker.status() for worker in among]
        generations = {state["generation"] for state in states}
        partitions = [each["partition"] for state in states for each in state["partitions"] if each["state"] == "running"]
        whole = sorted(partitions) == list(range(NEWS_RAW.partitions))
        return generations.pop() if whole and len(generations) == 1 else None

    def say_what_waits(self) -> None:
        """Has each living worker write to its log what its tasks wait for."""
        for worker in self.living:
            worker.signal(signal.SIGUSR1)

    async def stop(self) -> None:
        """Ends all in good order."""
        for worker in self.all:
            worker.signal(signal.SIGCONT)
            worker.clear()
        await asyncio.gather(*(worker.stop() for worker in self.all if worker.is_alive))

    async def close(self) -> None:
        """Ends all in no good order."""
        for worker in self.all:
            if worker.is_alive:
                await worker.kill()
            worker.writer.close()
        await asyncio.gather(*self._tasks)


@contextlib.asynccontextmanager
async def open_workers(arguments: Sequence[str], folder: Path) -> AsyncIterator[Workers]:
    """No workers yet; all that were started are gone after the block."""
    async with open_nursery() as nursery:
        workers = Workers(nursery, arguments, folder)
        try:
            yield workers
        finally:
            await workers.close()
