"""Forks workers from one process that has imported everything, so that a start takes no time; none of them outlives us.

`python -m tests.fault.nursery FD` serves a socket of packets: a packet in asks for a worker and carries its line, packets out
say `started PID` and `ended PID CODE`. When the other end is gone, all workers are killed, those that are stopped included.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_PACKET_BYTES = 64 * 1024
_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>


@dataclass(frozen=True, slots=True)
class Born:
    """A process that was forked: its id, its line, and its exit code once it has ended (minus a signal's number)."""

    pid: int
    line: socket.socket
    ended: "asyncio.Future[int]"


class Nursery:
    """The asking end."""

    def __init__(self, packets: socket.socket) -> None:
        self._packets = packets
        self._started: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._asking = asyncio.Lock()
        asyncio.get_running_loop().add_reader(packets, self._hear)

    async def fork(self, arguments: Sequence[str], log: Path) -> Born:
        """A worker with these arguments, whose output goes to a file."""
        ours, theirs = socket.socketpair()
        order = json.dumps({"arguments": list(arguments), "log": str(log)}).encode()
        async with self._asking:
            with theirs:
                socket.send_fds(self._packets, [order], [theirs.fileno()])
            pid = await self._started.get()
        return Born(pid, ours, self._ended[pid])

    def _hear(self) -> None:
        word, *numbers = self._packets.recv(_PACKET_BYTES).decode().split()
        if word == "started":
            pid = int(numbers[0])
            self._ended[pid] = asyncio.get_running_loop().create_future()
            self._started.put_nowait(pid)
        else:
            pid, code = map(int, numbers)
            self._ended.pop(pid).set_result(code)


@contextlib.asynccontextmanager
async def open_nursery() -> AsyncIterator[Nursery]:
    """Forks until the block ends, which ends all that were forked."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            command = [sys.executable, "-m", "tests.fault.nursery", str(theirs.fileno())]
            process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        try:
            yield Nursery(ours)
        finally:
            asyncio.get_running_loop().remove_reader(ours)
            ours.shutdown(socket.SHUT_RDWR)
            await asyncio.to_thread(process.wait)


def main() -> None:
    """Serves the socket of the one argument until its other end is gone."""
    from tests.fault.worker import serve  # noqa: F401  # imported before any fork

    packets = socket.socket(fileno=int(sys.argv[1]))
    pids: set[int] = set()
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asking end
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(packets, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is woken:
                    woken.recv(_PACKET_BYTES)
                    _report(packets, pids)
                elif not _answer(packets, pids, (woken, wakes)):
                    return _end_all(pids)


def _answer(packets: socket.socket, pids: set[int], ours: Sequence[socket.socket]) -> bool:
    """Forks what is asked for; False when nobody asks any more."""
    order, lines, _, _ = socket.recv_fds(packets, _PACKET_BYTES, 1)
    if not order:
        return False
    nursery = os.getpid()
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for each in (packets, *ours):
            each.close()
        _live(json.loads(order), socket.socket(fileno=lines[0]), nursery)
    os.close(lines[0])
    pids.add(pid)
    packets.send(b"started %d" % pid)
    return True


def _live(order: dict[str, object], line: socket.socket, nursery: int) -> None:
    """The body of a forked process; never returns."""
    code = 1
    try:
        number = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(number, 1)
        os.dup2(number, 2)
        _die_with(nursery)
        from tests.fault.worker import serve

        serve(order["arguments"], line)  # type: ignore[arg-type]
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _report(packets: socket.socket, pids: set[int]) -> None:
    for pid in list(pids):
        found, state = os.waitpid(pid, os.WNOHANG)
        if found:
            pids.discard(pid)
            with contextlib.suppress(OSError):
                packets.send(b"ended %d %d" % (pid, os.waitstatus_to_exitcode(state)))


def _end_all(pids: set[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
