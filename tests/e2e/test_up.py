"""`newsloom up`: everything runs until it is told to stop, and nothing is left, however it ends."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import DEADLINE_S, ROOT, arguments_of, environment, newsloom

README = (ROOT / "README.md").read_text("utf-8")

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.model,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@contextlib.contextmanager
def running(data: Path) -> Iterator["subprocess.Popen[str]"]:
    """`newsloom up` on a folder, until the block ends."""
    up = subprocess.Popen(
        arguments_of("up"), cwd=data, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    # Reading its output waits for as long as it says nothing: a command that hangs ends here.
    deadline = threading.Timer(DEADLINE_S, up.kill)
    deadline.start()
    with up:
        try:
            yield up
        finally:
            deadline.cancel()
            up.kill()


def line_with(up: "subprocess.Popen[str]", text: str) -> str:
    """The next line of its output that has the text."""
    assert up.stdout is not None
    for line in up.stdout:
        if text in line:
            return line
    raise AssertionError(f"it ended with {up.wait()} and never said {text!r}")


def children_of(data: Path) -> set[int]:
    """Processes whose environment or command names the folder, but for this one's own."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            seen = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if str(data).encode() in seen and int(process.name) != os.getpid():
                found.add(int(process.name))
    return found


def until_nothing_is_left(data: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while left := children_of(data):
        assert time.monotonic() < deadline, f"still running: {left}"
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def test_it_enriches_what_is_published_and_drains_when_asked(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        line_with(up, "enricher ready")
        published = newsloom("publish", "-", data=tmp_path, standard_input=b'{"url": "urn:a:1", "text": "Guten Tag aus Kiel."}\n')
        assert published.code == 0, published.err
        tail = newsloom("tail", "news.enriched", "--from", "beginning", "--limit", "1", data=tmp_path)
        assert b"Guten Tag aus Kiel." in tail.out
        assert languages_of_the_trends(tmp_path) == {json.loads(tail.out)["language"]["tag"]}
        assert list((tmp_path / "trends").iterdir()), "its tables are in the data folder"
        up.send_signal(signal.SIGTERM)
        assert "enricher stopped" in line_with(up, "enricher stopped")
        assert up.wait(DEADLINE_S) == 0
    assert '"event": "stopped"' in (tmp_path / "logs/enricher.log").read_text()
    until_nothing_is_left(tmp_path)


def languages_of_the_trends(data: Path) -> set[str]:
    """The languages that `newsloom trends` tells of, as soon as there are any; it finds the service by itself."""
    deadline = time.monotonic() + DEADLINE_S
    while not (rows := json.loads(newsloom("trends", "--kind", "language", "--json", data=data).out or "{}").get("trends")):
        assert time.monotonic() < deadline
    return {row["name"] for row in rows}


def test_what_a_scraper_pushes_comes_out_and_can_be_withdrawn(tmp_path: Path) -> None:
    seed = (ROOT / "seeds/articles.jsonl").read_text("utf-8").splitlines()[0]
    (tmp_path / "article.json").write_text(seed, "utf-8")
    with running(tmp_path) as up:
        address = line_with(up, "gateway: ").split()[1].removesuffix("/v1/articles")
        line_with(up, "enricher ready")

        scraper: dict[str, Any] = {}
        exec(snippet("python", "def push").replace("http://127.0.0.1:8080", address), scraper)
        pushed = scraper["push"](json.loads(seed))
        assert pushed["status"] == "accepted"

        command = re.search(r"`(curl --json @article\.json \S+)`", README)
        assert command
        again = subprocess.run(
            command[1].replace("http://127.0.0.1:8080", address).split(), cwd=tmp_path, capture_output=True, check=True
        )
        assert json.loads(again.stdout) == {**pushed, "status": "duplicate"}

        tail = newsloom("tail", "news.enriched", "--from", "beginning", "--limit", "1", "--json", data=tmp_path)
        assert "أذربيجان" in {entity["name"] for entity in json.loads(tail.out)["entities"]}

        withdrawn = scraper["client"].delete(f"/v1/articles/{pushed['article_id']}")
        assert withdrawn.is_success, withdrawn.text
        scraper["client"].close()
        left = newsloom("tail", "news.enriched", "--from", "beginning", "--limit", "2", "--json", data=tmp_path)
        latest = [json.loads(line) for line in left.out.splitlines()][-1]
        assert latest == {"article_id": pushed["article_id"], "withdrawn": True}, "gone from the compacted topic's latest state"
        up.send_signal(signal.SIGTERM)
        assert up.wait(DEADLINE_S) == 0


def snippet(language: str, text: str) -> str:
    """The README's block of code with this in it."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(block for block in blocks if text in block)


def test_neither_broker_nor_service_outlives_it_when_it_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        line_with(up, "enricher ready")
        assert len(children_of(tmp_path)) > 3
        up.kill()
    until_nothing_is_left(tmp_path)
