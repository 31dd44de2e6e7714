"""The jars of Kafka: named by a lock, fetched once into the user's cache, verified at every start."""

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from services.runtime.local_kafka.errors import JarsUnavailable

_THREADS = 8  # Measured: 46 jars, 45 MB, in 7 s; the registry, not the machine, sets the pace.
_TRIES = 3  # A dropped connection is common among 46 downloads, three in a row are not.
_STAGING = ".fetching-"
_STALE_S = 24 * 60 * 60
_SHA256_DIGITS = 64
_BROKER = "kafka_2.13"


@dataclass(frozen=True, slots=True)
class Jar:
    """One exact Maven artefact."""

    group: str
    artifact: str
    version: str
    sha256: str  # 64 hexadecimal digits

    @property
    def file_name(self) -> str:
        """Its name in the cache folder."""
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


Fetch = Callable[[Jar, Path], Path]  # Takes a jar and an empty folder; returns the file that it put there.
Progress = Callable[[int, int], None]  # Hears how many jars are there, and how many there will be.


def parse_lock(text: str) -> tuple[Jar, ...]:
    """The jars of a lock file: one `group:artifact:version sha256:digest` a line."""
    return tuple(_parse_line(line) for line in text.splitlines() if line.strip())


def locked_jars() -> tuple[Jar, ...]:
    """The jars that make up our Kafka."""
    return parse_lock(resources.files(__package__).joinpath("jars.lock").read_text("ascii"))


def kafka_version(jars: Sequence[Jar]) -> str:
    """The version of the broker among the jars."""
    return next(jar.version for jar in jars if jar.artifact == _BROKER)


def is_intact(path: Path, jar: Jar) -> bool:
    """Whether the file is there and is exactly the jar."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except OSError:  # Missing or unreadable: fetching it again will tell if the folder is the trouble.
        return False


def ensure_jars(jars: Sequence[Jar], folder: Path, fetch: Fetch, progress: Progress) -> list[Path]:
    """The verified files of all jars in `folder`, in order; what is missing or corrupt is fetched.

    Two processes may do this at once: each writes beside the target and renames. Raises JarsUnavailable.
    """
    files = [folder / jar.file_name for jar in jars]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="jars") as pool:
        intact = list(pool.map(is_intact, files, jars))
    missing = [jar for jar, is_there in zip(jars, intact, strict=True) if not is_there]
    if missing:
        _fetch_all(missing, folder, fetch, progress)
    return files


def _fetch_all(jars: Sequence[Jar], folder: Path, fetch: Fetch, progress: Progress) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with (
            tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder) as staging,
            ThreadPoolExecutor(_THREADS, thread_name_prefix="jars") as pool,
        ):
            progress(0, len(jars))
            running = [pool.submit(_fetch_one, jar, folder, Path(staging), fetch) for jar in jars]
            try:
                for done, future in enumerate(as_completed(running), start=1):
                    future.result()
                    progress(done, len(jars))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    except OSError as error:
        raise JarsUnavailable(f"the jar cache {folder} cannot be written: {error.strerror or error}") from error


def _sweep(folder: Path) -> None:
    """Removes what a killed process left half fetched; a day old, so that no running one is meant."""
    for left in folder.glob(f"{_STAGING}*"):
        if left.stat().st_mtime < time.time() - _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _fetch_one(jar: Jar, folder: Path, staging: Path, fetch: Fetch) -> None:
    for left in reversed(range(_TRIES)):
        with tempfile.TemporaryDirectory(dir=staging) as empty:
            try:
                fetched = fetch(jar, Path(empty))
            except JarsUnavailable:
                if left == 0:
                    raise
                continue
            if is_intact(fetched, jar):
                fetched.replace(folder / jar.file_name)
                return
    raise JarsUnavailable(f"{jar} was fetched, but its SHA-256 is not the one in jars.lock: refused")


def _parse_line(line: str) -> Jar:
    with contextlib.suppress(ValueError):
        coordinates, digest = line.split()
        group, artifact, version = coordinates.split(":")
        algorithm, sha256 = digest.split(":")
        if algorithm == "sha256" and len(sha256) == _SHA256_DIGITS and int(sha256, 16) >= 0:
            return Jar(group, artifact, version, sha256)
    raise JarsUnavailable(f"jars.lock has a line that names no jar: {line!r}")
