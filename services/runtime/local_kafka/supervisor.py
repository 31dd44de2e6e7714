"""Runs one command and ends it when the process that asked for it is gone, whatever ended that process.

`python supervisor.py SPEC` (SPEC is JSON, see `Spec`) starts the command, prints its process id on one line and waits
for the first of:

- **standard input closes.** The parent holds the other end of that pipe and never writes to it. The kernel closes it
  when the parent dies, `kill -9` included, on every system; closing it is also how the parent asks for an orderly stop,
  so that the path taken after a crash is the path taken every day.
- **the parent's process id is no longer our parent's** (POSIX). This covers a pipe that a forked child of the parent,
  such as a worker of a process pool, still holds open.
- **the command ends by itself.** Its exit status becomes ours, and nothing is removed.

In the first two cases the command gets SIGTERM, then SIGKILL after `grace_s`, and a throw-away folder is removed.

If the supervisor itself is killed, Linux kills the command: PR_SET_PDEATHSIG is set between fork and exec. That signal
is tied to the *thread* that forked, so the fork happens on our main thread, which lives as long as we do, before there
is any other thread. (Set directly by the parent it would fire as soon as the thread that called `start` ended, and
leave nobody to remove the folder: hence pipe and supervisor first, the signal only as the second line.) A supervisor
that dies between fork and prctl is noticed by comparing getppid afterwards. Elsewhere a parent that is still alive
kills the command by its id.

Only the standard library, nothing of ours: it is run by its path, and so needs no particular working folder.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>
_LOOK_EVERY_S = 0.5  # How long a dead parent may go unnoticed when another process still holds its pipe.


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run, and how to end it."""

    command: list[str]
    cwd: str
    grace_s: float  # seconds between SIGTERM and SIGKILL
    remove: str | None  # folder to remove once the parent is gone
    parent: int  # process id of the parent


def main() -> int:
    """Runs the command of the one argument; returns its exit status."""
    spec = Spec(**json.loads(sys.argv[1]))
    command = _start(spec)
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    with contextlib.suppress(BrokenPipeError):
        os.write(1, b"%d\n" % command.pid)
    parent_gone = threading.Event()
    threading.Thread(target=_end_with_parent, args=(spec, command, parent_gone), daemon=True).start()
    status = command.wait()
    if not parent_gone.is_set():
        return status if status >= 0 else 128 - status
    if spec.remove is not None:
        shutil.rmtree(spec.remove, ignore_errors=True)
    return 0


def _start(spec: Spec) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        spec.command,
        cwd=spec.cwd,
        stdin=subprocess.DEVNULL,
        stdout=2,  # Ours is the pipe that tells the parent the command's process id.
        stderr=2,
        preexec_fn=_die_with_us(),  # Single-threaded here, so nothing can hold a lock across the fork.
    )


def _die_with_us() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # Loaded before the fork: the child should do as little as it can.
    supervisor = os.getpid()

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(1)

    return before_exec


def _end_with_parent(spec: Spec, command: subprocess.Popen[bytes], parent_gone: threading.Event) -> None:
    _wait_for_parent(spec.parent)
    parent_gone.set()
    command.terminate()
    try:
        command.wait(spec.grace_s)
    except subprocess.TimeoutExpired:
        command.kill()


def _wait_for_parent(parent: int) -> None:
    """Returns once the pipe from the parent is closed, or its process is gone."""
    if sys.platform == "win32":  # select knows no pipes there, and a process keeps its dead parent's id.
        while os.read(0, 1):
            pass
        return
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], _LOOK_EVERY_S)
        if readable and not os.read(0, 1):
            return


if __name__ == "__main__":
    sys.exit(main())
