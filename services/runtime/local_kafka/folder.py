"""The data folder of one broker: made, checked, locked, and removed when it was a throw-away one."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.runtime.local_kafka.errors import DataFolderInUse, DataFolderUnusable

_LOCK = "in-use.lock"  # Not Kafka's own .lock: ours must hold before we touch the files of a running broker.
_FREE_BYTES = 100 * 1024 * 1024  # A new broker writes under 1 MiB; with less than this the first records fill the disk.
_LOCK_WAIT_S = 5.0  # A broker whose parent was just killed closes its log first: 0.4 s measured, more under load.
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder that is ours alone until `release`."""

    path: Path
    is_throw_away: bool
    lock: int | None  # file descriptor; None where the system has no flock and Kafka's own lock must do

    def release(self) -> None:
        """Gives the folder up, and removes it when it was a throw-away one."""
        if self.is_throw_away:
            shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            _unlock(self.lock)


def open_folder(path: Path | None, pause: Callable[[float], object]) -> DataFolder:
    """The folder, made when missing; None makes a throw-away one. Raises DataFolderUnusable or DataFolderInUse.

    `pause` waits the seconds it is given.
    """
    if path is None:
        with explained("a temporary data folder"):
            made = Path(tempfile.mkdtemp(prefix="newsloom-kafka-"))
            return DataFolder(made, is_throw_away=True, lock=None)
    path = path.absolute()
    with explained(f"the data folder {path}"):
        path.mkdir(parents=True, exist_ok=True)
        return DataFolder(path, is_throw_away=False, lock=_locked(path, pause))


def require_space(path: Path, free_bytes: int = _FREE_BYTES) -> None:
    """Raises DataFolderUnusable when the disk under the folder is as good as full."""
    free = shutil.disk_usage(path).free
    if free < free_bytes:
        raise DataFolderUnusable(
            f"the disk of the data folder {path} is full: {free // 2**20} MiB free, {free_bytes // 2**20} MiB needed"
        )


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns the system's refusal to write `what` into DataFolderUnusable."""
    try:
        yield
    except OSError as error:
        raise DataFolderUnusable(f"{what} cannot be written: {error.strerror or error}") from error


if sys.platform == "win32":

    def _locked(path: Path, pause: Callable[[float], object]) -> int | None:
        return None

    def _unlock(lock: int) -> None:
        os.close(lock)

else:
    import fcntl

    def _locked(path: Path, pause: Callable[[float], object]) -> int | None:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        for _ in range(round(_LOCK_WAIT_S / _LOOK_EVERY_S)):
            # flock, not lockf: it belongs to the open file, so a supervisor that inherits it holds it on after our death.
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            pause(_LOOK_EVERY_S)
        os.close(lock)
        raise DataFolderInUse(f"the data folder {path} is in use by another running broker: stop it or name another folder")

    def _unlock(lock: int) -> None:
        fcntl.flock(lock, fcntl.LOCK_UN)  # Closing is not enough: a forked child of ours may hold a copy.
        os.close(lock)
