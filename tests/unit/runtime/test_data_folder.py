"""Each system has its place for a user's data."""

from pathlib import Path

import pytest

from services.runtime.data_folder import data_folder

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, HOME / ".local/share/newsloom"),
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/newsloom")),
        ("linux", {"XDG_DATA_HOME": "relative"}, HOME / ".local/share/newsloom"),
        ("darwin", {}, HOME / "Library/Application Support/newsloom"),
        ("win32", {}, HOME / "AppData/Local/newsloom/Data"),
        ("linux", {"NEWSLOOM_DATA_DIR": "/srv/أخبار", "XDG_DATA_HOME": "/data"}, Path("/srv/أخبار")),
    ],
)
def test_the_folder_follows_the_systems_convention(platform: str, environ: dict[str, str], expected: Path) -> None:
    assert data_folder(environ, platform, HOME) == expected
