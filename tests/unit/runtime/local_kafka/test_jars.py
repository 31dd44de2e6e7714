"""The jar cache: only what the lock names gets in, and what is in is trusted only after it was hashed."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.runtime.local_kafka.errors import JarsUnavailable
from services.runtime.local_kafka.jars import Jar, ensure_jars, kafka_version, locked_jars, parse_lock

CONTENT = {"one": b"first jar", "two": b"second jar"}
JARS = tuple(Jar("org.example", name, "1.0", hashlib.sha256(content).hexdigest()) for name, content in CONTENT.items())


class Registry:
    """A fetcher that serves what it is given and remembers what it was asked for."""

    def __init__(self, content: dict[str, bytes] = CONTENT, failures: int = 0) -> None:
        self.content = content
        self.failures = failures
        self.asked: list[str] = []

    def __call__(self, jar: Jar, folder: Path) -> Path:
        self.asked.append(jar.artifact)
        if self.failures:
            self.failures -= 1
            raise JarsUnavailable("the line dropped")
        file = folder / "deep" / jar.file_name
        file.parent.mkdir()
        file.write_bytes(self.content[jar.artifact])
        return file


def ensure(folder: Path, registry: Registry, jars: Sequence[Jar] = JARS) -> list[Path]:
    return ensure_jars(jars, folder, registry, lambda done, total: None)


def test_fresh_cache_is_filled_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "kafka"
    files = ensure(folder, Registry())
    assert [file.read_bytes() for file in files] == list(CONTENT.values())
    assert sorted(folder.iterdir()) == sorted(files)


def test_intact_jars_are_not_fetched_again(tmp_path: Path) -> None:
    ensure(tmp_path, Registry())
    registry = Registry()
    ensure(tmp_path, registry)
    assert registry.asked == []


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def corrupt(file: Path) -> None:
    file.write_bytes(file.read_bytes()[::-1])


@pytest.mark.parametrize("damage", [truncate, corrupt, Path.unlink])
def test_damaged_jar_is_fetched_again_and_only_that_one(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    files = ensure(tmp_path, Registry())
    damage(files[1])
    registry = Registry()
    ensure(tmp_path, registry)
    assert registry.asked == ["two"]
    assert files[1].read_bytes() == CONTENT["two"]


def test_wrong_content_from_the_net_is_refused(tmp_path: Path) -> None:
    registry = Registry({**CONTENT, "two": b"something else"})
    with pytest.raises(JarsUnavailable, match=r"org\.example:two:1\.0.*refused"):
        ensure(tmp_path, registry)
    assert not (tmp_path / JARS[1].file_name).exists()


def test_dropped_connection_is_tried_again(tmp_path: Path) -> None:
    registry = Registry(failures=1)
    ensure(tmp_path, registry, JARS[:1])
    assert registry.asked == ["one", "one"]


def test_lasting_failure_is_told(tmp_path: Path) -> None:
    with pytest.raises(JarsUnavailable, match="the line dropped"):
        ensure(tmp_path, Registry(failures=100))


def test_two_at_once_both_end_with_intact_jars(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda registry: ensure(tmp_path, registry), [Registry(), Registry()]))
    assert both[0] == both[1]
    assert [file.read_bytes() for file in both[0]] == list(CONTENT.values())


def test_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(JarsUnavailable, match="cannot be written"):
        ensure(file / "kafka", Registry())


def test_progress_counts_up_to_what_is_missing(tmp_path: Path) -> None:
    ensure(tmp_path, Registry(), JARS[:1])
    heard: list[tuple[int, int]] = []
    ensure_jars(JARS, tmp_path, Registry(), lambda done, total: heard.append((done, total)))
    assert heard == [(0, 1), (1, 1)]


def test_old_leftovers_of_a_killed_process_are_swept_and_young_ones_left(tmp_path: Path) -> None:
    old, young = tmp_path / ".fetching-old", tmp_path / ".fetching-young"
    old.mkdir()
    young.mkdir()
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old, (two_days_ago, two_days_ago))
    ensure(tmp_path, Registry())
    assert (old.exists(), young.exists()) == (False, True)


def test_locked_jars_are_forty_six_different_files_of_one_kafka() -> None:
    jars = locked_jars()
    assert len({jar.file_name for jar in jars}) == len(jars) == 46
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {kafka_version(jars)} == {"4.3.0"}


@pytest.mark.parametrize(
    "line",
    ["a:b:1", "a:b:1 sha256:12", f"a:b sha256:{'0' * 64}", f"a:b:1 md5:{'0' * 64}", f"a:b:1 sha256:{'g' * 64}"],
    ids=["no-digest", "short-digest", "no-version", "other-algorithm", "not-hexadecimal"],
)
def test_lock_line_that_names_no_jar_is_refused(line: str) -> None:
    with pytest.raises(JarsUnavailable, match="names no jar"):
        parse_lock(line)
