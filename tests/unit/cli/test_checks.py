"""`newsloom doctor`: what each check finds, and that a broken machine is a finding."""

import errno
from pathlib import Path

import pytest

from services.cli import checks
from services.cli.checks import Finding, run_check
from services.cli.commands import doctor
from services.runtime.errors import ConfigurationError


def test_a_finding_is_one_line_with_what_to_do() -> None:
    assert (
        str(Finding("warning", "disk", "1.0 GB free at /", "free some space"))
        == "warning  disk: 1.0 GB free at /: free some space"
    )


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("the model is not the one\nof the manifest"),
        OSError(errno.EACCES, "Permission denied", "/models"),
        ModuleNotFoundError("No module named 'numpy'", name="numpy"),
    ],
)
def test_a_check_that_raises_is_a_failure_in_one_line(error: Exception) -> None:
    def open_files() -> Finding:
        raise error

    finding = run_check(open_files)
    assert (finding.level, finding.subject) == ("fail", "open files")
    assert "\n" not in str(finding)


@pytest.mark.parametrize(("free", "level"), [(10**7, "fail"), (10**9, "warning"), (10**11, "ok")])
def test_a_disk_is_judged_by_what_is_free(free: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLOOM_DATA_DIR", str(tmp_path / "not" / "there" / "yet"))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": free}))
    assert checks.disk().level == level


def test_a_broker_that_was_given_and_does_not_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    finding = checks.broker()
    assert finding.level == "fail" and "127.0.0.1:1" in finding.found


def test_no_broker_at_all_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("NEWSLOOM_DATA_DIR", str(tmp_path))
    assert checks.broker().level == "ok"


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("warning", 0), ("fail", 1)])
def test_the_exit_code_says_whether_something_fails(
    level: checks.Level, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "CHECKS", (lambda: Finding("ok", "a", "b"), lambda: Finding(level, "c", "d")))
    assert doctor.run() == code
    assert capsys.readouterr().out.splitlines() == ["ok       a: b", f"{level:<8} c: d"]
