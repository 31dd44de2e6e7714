"""Handles records in a child process, which may die of one without taking the worker with it.

One child for all partitions of a worker, started when the first record needs it and ended when none has for a while. It is
started anew (spawn): a copy of a process with threads and native libraries would not be safe.
"""

import asyncio
import contextlib
import multiprocessing
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from services.runtime.errors import InvalidRecord, TransientError
from services.runtime.logs import get_log
from services.runtime.records import Outcome, Record

log = get_log(__name__)

Handle = Callable[[Sequence[Record]], Sequence[Outcome]]
Load = Callable[[], Handle]

# A child may be killed by something else, e.g. by the kernel for another process's memory: one death proves nothing.
_DEATHS = 2
_IDLE_S = 60.0
_KILLED_FIRST = "1000"  # the kernel's highest score, see proc(5)


class ChildNotStarted(TransientError):
    """The child died before it had any record: that is no record's fault."""


class WorkerCrashed(InvalidRecord):
    """The record ended every process that handled it."""

    def __init__(self, how: str) -> None:
        super().__init__("crashed_worker", f"handled alone in a process of its own, which {how}", "worker")


class _Died(Exception):
    def __init__(self, how: str, is_certain: bool = False) -> None:
        super().__init__(how)
        self.is_certain = is_certain


class Isolation:
    """The handler of records that are under suspicion: one at a time, in the child."""

    def __init__(self, load: Load, deadline_s: float, idle_s: float = _IDLE_S) -> None:
        """`load` is pickled and called in the child; a record that takes longer than the deadline counts as deadly."""
        self._load, self._deadline_s, self._idle_s = load, deadline_s, idle_s
        self._child: _Child | None = None
        self._turn = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """One outcome per record.

        Raises:
            WorkerCrashed: the records killed two children in a row, or kept one busy past the deadline.
            TransientError: the child could not start, or said so itself.
        """
        async with self._turn:
            if self._ending is not None:
                self._ending.cancel()
            try:
                return await self._ask(records)
            finally:
                self._ending = asyncio.get_running_loop().call_later(self._idle_s, self._end)

    async def _ask(self, records: Sequence[Record]) -> Sequence[Outcome]:
        for death in range(1, _DEATHS + 1):
            child = await self._living_child()
            try:
                return await asyncio.to_thread(child.handle, records, self._deadline_s)
            except _Died as died:
                self._child = None
                place = {"partition": records[0].partition, "offset": records[0].offset}
                log.error("isolated_process_died", how=str(died), death=death, **place)
                if died.is_certain or death == _DEATHS:
                    raise WorkerCrashed(str(died)) from None
            except asyncio.CancelledError:
                # Its answer would be taken for the next one's.
                self._child = None
                child.kill()
                raise
        raise AssertionError("the last death raises")

    async def _living_child(self) -> "_Child":
        if self._child is None:
            self._child = await asyncio.to_thread(_Child, self._load)
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Isolation"]:
        """Ends the child with the block."""
        try:
            yield self
        finally:
            if self._ending is not None:
                self._ending.cancel()
            self._end()


class _Child:
    """A process and the pipe to it; its methods block."""

    def __init__(self, load: Load) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(theirs, load), name="isolated", daemon=True)
        self._process.start()
        theirs.close()
        try:
            self._pipe.recv()
        except EOFError:
            raise ChildNotStarted(f"the process for suspicious records {self._end_of()} while it loaded") from None

    def handle(self, records: Sequence[Record], deadline_s: float) -> Sequence[Outcome]:
        try:
            self._pipe.send(records)
            if not self._pipe.poll(deadline_s):
                self.kill()
                raise _Died(f"was still busy after {deadline_s:g} s", is_certain=True)
            answer: Sequence[Outcome] | TransientError = self._pipe.recv()
        except (EOFError, OSError):
            raise _Died(self._end_of()) from None
        if isinstance(answer, TransientError):
            raise answer
        return answer

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def _end_of(self) -> str:
        self._process.join()
        code = self._process.exitcode or 0
        if code >= 0:
            return f"ended with exit code {code}"
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-code).name}"
        return f"ended by signal {-code}"


def _serve(pipe: Connection, load: Load) -> None:
    """The child's life: it ends when the parent does, since the pipe does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal: the parent decides
    _offer_to_the_kernel()
    handle = load()
    pipe.send(None)
    while True:
        try:
            records = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(handle(records))
        except TransientError as error:
            pipe.send(TransientError(str(error)))


def _offer_to_the_kernel() -> None:
    """When memory runs out, this process is to go, not the worker."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_KILLED_FIRST)
