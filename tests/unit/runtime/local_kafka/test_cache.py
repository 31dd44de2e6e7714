"""Where the cache folder is on each system."""

from pathlib import Path

import pytest

from services.runtime.local_kafka.cache import cache_folder

HOME = Path("/home/ana")


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", HOME / ".cache/newsloom"),
        ({}, "darwin", HOME / "Library/Caches/newsloom"),
        ({}, "win32", HOME / "AppData/Local/newsloom/Cache"),
        ({"LOCALAPPDATA": "/local"}, "win32", Path("/local/newsloom/Cache")),
        ({"XDG_CACHE_HOME": "/xdg"}, "linux", Path("/xdg/newsloom")),
        ({"XDG_CACHE_HOME": "relative"}, "linux", HOME / ".cache/newsloom"),
        ({"XDG_CACHE_HOME": "/xdg", "NEWSLOOM_CACHE_DIR": "/ours"}, "linux", Path("/ours")),
    ],
    ids=["linux", "macos", "windows", "windows-localappdata", "xdg", "xdg-relative-is-invalid", "override"],
)
def test_cache_folder(environ: dict[str, str], platform: str, expected: Path) -> None:
    assert cache_folder(environ, platform, HOME) == expected
