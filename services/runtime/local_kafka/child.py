"""A command that cannot outlive us: what the parent holds of a supervised process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.runtime.local_kafka import supervisor

_MARGIN_S = 5.0  # What the supervisor may need beyond the grace period: its own exit and removing the folder.


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a command runs, and what is left when it is gone."""

    cwd: Path
    console: Path  # file that takes the command's standard output and error
    grace_s: float  # seconds between SIGTERM and SIGKILL
    remove: Path | None = None  # folder that the supervisor removes once we are gone
    lock: int | None = None  # file descriptor of a lock that is held for as long as the supervisor lives
    environment: Mapping[str, str] = field(default_factory=dict)  # variables beside our own, or instead of them


class Child:
    """A running command with its supervisor; `stop` must be called, from any thread."""

    def __init__(self, command: Sequence[str], around: Surroundings) -> None:
        """Starts it; raises OSError when even the supervisor cannot be started."""
        self._grace_s = around.grace_s
        with around.console.open("ab") as console:
            self._supervisor = subprocess.Popen(
                # -I -S: neither the environment nor site-packages may change what this process runs.
                [sys.executable, "-I", "-S", supervisor.__file__, _spec(command, around)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=console,
                env=_environment(around.environment),
                pass_fds=() if around.lock is None else (around.lock,),
                start_new_session=True,  # Ctrl-C is for the parent, which then stops us in its own order.
            )
        self.pid = self._read_pid()

    @property
    def supervisor_pid(self) -> int:
        """The supervisor's process id."""
        return self._supervisor.pid

    def status(self) -> int | None:
        """The command's exit status, or None while it runs."""
        return self._supervisor.poll()

    def stop(self) -> None:
        """Ends the command and its supervisor; returns when both are gone, at the latest after grace and margin."""
        assert self._supervisor.stdin is not None and self._supervisor.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._supervisor.stdin.close()
        try:
            self._supervisor.wait(self._grace_s + _MARGIN_S)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        if self._supervisor.returncode < 0:  # It was killed: only Linux then ends the command without us.
            self._kill_command()
        self._supervisor.stdout.close()

    def _kill_command(self) -> None:
        if self.pid is not None and sys.platform != "win32":  # Windows gives a process id to another process at once.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _read_pid(self) -> int | None:
        """The command's process id, or None when the supervisor could not start it."""
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        return int(line) if line.strip() else None


def _spec(command: Sequence[str], around: Surroundings) -> str:
    spec = supervisor.Spec(
        command=list(command),
        cwd=str(around.cwd),
        grace_s=around.grace_s,
        remove=None if around.remove is None else str(around.remove),
        parent=os.getpid(),
    )
    return json.dumps(asdict(spec))


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours and more, with a locale in which Java can open a folder whose name is not ASCII."""
    locale = {"LC_ALL": "C.UTF-8"} if sys.platform == "linux" else {}
    return {**os.environ, **locale, **more}
