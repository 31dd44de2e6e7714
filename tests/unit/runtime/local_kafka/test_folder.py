"""The data folder: made, checked, owned by one, removed when it was a throw-away one."""

import sys
from pathlib import Path

import pytest

from services.runtime.local_kafka.errors import DataFolderInUse, DataFolderUnusable
from services.runtime.local_kafka.folder import open_folder, require_space


def no_pause(seconds: float) -> None:
    """Waits for nothing."""


def test_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "a" / "日本", no_pause)
    folder.release()
    assert folder.path == tmp_path / "a" / "日本"
    assert folder.path.is_dir()


def test_throw_away_folder_is_removed_on_release() -> None:
    folder = open_folder(None, no_pause)
    existed = folder.path.is_dir()
    folder.release()
    assert (existed, folder.path.exists()) == (True, False)


@pytest.mark.skipif(sys.platform == "win32", reason="there Kafka's own lock is the only one")
def test_folder_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, no_pause)
    with pytest.raises(DataFolderInUse, match="in use by another running broker"):
        open_folder(tmp_path, no_pause)
    folder.release()


@pytest.mark.skipif(sys.platform == "win32", reason="there Kafka's own lock is the only one")
def test_folder_that_is_given_up_while_we_wait_is_ours(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, no_pause)
    released: list[float] = []

    def release_once(seconds: float) -> None:
        if not released:
            released.append(seconds)
            folder.release()

    open_folder(tmp_path, release_once).release()
    assert len(released) == 1


def test_path_that_cannot_be_a_folder_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DataFolderUnusable, match=f"the data folder {file} cannot be written"):
        open_folder(file, no_pause)


def test_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFolderUnusable, match=r"is full: \d+ MiB free"):
        require_space(tmp_path, free_bytes=2**62)


def test_disk_with_room_is_fine(tmp_path: Path) -> None:
    require_space(tmp_path, free_bytes=1)
