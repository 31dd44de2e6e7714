"""A supervised command ends with its parent, whichever of the mechanisms has to see to it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.local_kafka.child import Child, Surroundings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")

WAIT = "import threading; threading.Event().wait()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {WAIT}"
PARENT = f"""
import os, sys
from pathlib import Path
from services.runtime.local_kafka.child import Child, Surroundings
folder = Path(sys.argv[1])
child = Child([sys.executable, "-c", {WAIT!r}], Surroundings(folder, folder / "console.log", 5.0, folder))
if sys.argv[2] == "forked" and os.fork() == 0:
    {WAIT}
print(child.pid, flush=True)
{WAIT}
"""


def is_gone(pid: int) -> bool:
    """Whether the process has ended; a zombie has, and who reaps an orphan is not our business."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while not is_gone(pid):
            await asyncio.sleep(0.02)


async def until_removed(folder: Path) -> None:
    async with asyncio.timeout(20):
        while folder.exists():
            await asyncio.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a supervisor may remove."""
    made = tmp_path / "throw-away"
    made.mkdir()
    return made


def start(folder: Path, code: str = WAIT, grace_s: float = 5.0) -> Child:
    return Child([sys.executable, "-c", code], Surroundings(folder, folder / "console.log", grace_s, folder))


@pytest.fixture
def child(folder: Path) -> Iterator[Child]:
    """A child that waits until it is ended."""
    child = start(folder)
    yield child
    child.stop()


def pid_of(child: Child) -> int:
    assert child.pid is not None
    return child.pid


def test_stop_ends_the_command_and_removes_the_folder(child: Child, folder: Path) -> None:
    assert child.status() is None
    child.stop()
    assert is_gone(pid_of(child))
    assert not folder.exists()


def test_stopping_twice_is_fine(child: Child) -> None:
    child.stop()
    child.stop()


async def test_command_that_ignores_sigterm_is_killed_after_the_grace(folder: Path) -> None:
    child = start(folder, STUBBORN, grace_s=0.2)
    async with asyncio.timeout(20):
        while "deaf" not in (folder / "console.log").read_text():
            await asyncio.sleep(0.02)
    child.stop()
    assert is_gone(pid_of(child))


async def test_command_that_ends_by_itself_leaves_its_status_and_the_folder(folder: Path) -> None:
    child = start(folder, "import sys; print('words', flush=True); sys.exit(7)")
    async with asyncio.timeout(20):
        while child.status() is None:
            await asyncio.sleep(0.02)
    child.stop()
    assert (child.status(), (folder / "console.log").read_text()) == (7, "words\n")


def test_command_that_cannot_start_has_no_pid_and_says_why(folder: Path) -> None:
    child = Child(["/no/such/java"], Surroundings(folder, folder / "console.log", 5.0))
    child.stop()
    assert child.pid is None
    assert "No such file" in (folder / "console.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
async def test_killed_supervisor_takes_the_command_along(child: Child) -> None:
    os.kill(child.supervisor_pid, signal.SIGKILL)
    await until_gone(pid_of(child))


def test_stop_after_a_killed_supervisor_kills_the_command(child: Child) -> None:
    os.kill(child.supervisor_pid, signal.SIGKILL)
    child.stop()
    assert child.status() == -signal.SIGKILL


@pytest.mark.parametrize("how", ["alone", "forked"])
async def test_killed_parent_takes_command_and_folder_along(folder: Path, how: str) -> None:
    """`forked`: another process still holds the pipe open, so only the lost parent gives the death away."""
    parent = [sys.executable, "-c", PARENT, str(folder), how]
    with subprocess.Popen(parent, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        try:
            await until_gone(pid)
            await until_removed(folder)
        finally:
            if how == "forked":
                os.killpg(process.pid, signal.SIGKILL)  # the forked process, left alone in the group
