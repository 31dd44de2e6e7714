"""The process as it is started: wrong settings stop it before it asks anybody for anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT

PUBLIC = '[[source]]\nid = "a"\nname = "A"\ndomain = "a.example"\nfeeds = ["https://a.example/rss"]\n'


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("COLLECTOR_", "LOG_"))}
    given = {"COLLECTOR_SOURCES_DIR": str(folder), "COLLECTOR_STATE_PATH": str(folder / "s.sqlite"), "COLLECTOR_HEALTH_PORT": "0"}
    return subprocess.run(
        [sys.executable, "-m", "services.collector", *arguments],
        cwd=ROOT,
        env={**own, **given, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        ((), {}, "COLLECTOR_CONTACT"),
        ((), {"COLLECTOR_FETCH_CONCURRENCY": "many"}, "COLLECTOR_FETCH_CONCURRENCY"),
        (("--often",), {}, "--once"),
    ],
    ids=["no-contact", "setting", "argument"],
)
def test_what_is_wrong_is_named(tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], told: str) -> None:
    (tmp_path / "a.toml").write_text(PUBLIC, encoding="utf-8")
    ended = start(tmp_path, *arguments, **variables)
    assert ended.returncode == 2
    assert told in ended.stderr


def test_without_sources_it_has_nothing_to_do_and_says_so(tmp_path: Path) -> None:
    ended = start(tmp_path, "--once")
    assert ended.returncode == 0
    assert "no_sources" in ended.stderr
