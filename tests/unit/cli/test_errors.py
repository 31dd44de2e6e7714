"""Every ending has its exit code and one clear line."""

import errno

import pytest
import typer

from services.cli.errors import CouldNot, WrongUse, ending_of, one_line
from services.runtime.errors import ConfigurationError, TransientError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (WrongUse("no such topic"), 2, "no such topic"),
        (CouldNot("three were refused"), 1, "three were refused"),
        (ConfigurationError("set X"), 1, "set X"),
        (TransientError("broker away"), 1, "broker away"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
        (typer.Exit(3), 3, ""),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x.txt"), 2, "x.txt: No such file or directory"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device; free some space"),
        (OSError(errno.EROFS, "Read-only file system", "/data"), 1, "/data: Read-only file system"),
        (ExceptionGroup("tasks", [CouldNot("the broker ended")]), 1, "the broker ended"),
    ],
)
def test_an_error_has_an_exit_code_and_a_line(error: BaseException, code: int, line: str) -> None:
    ending = ending_of(error)
    assert (ending.code, ending.line) == (code, line)


@pytest.mark.parametrize(
    ("module", "extra"),
    [("aiokafka", "kafka"), ("onnxruntime.capi", "enricher"), ("pyarrow", "export"), ("jgo", "local")],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(module: str, extra: str) -> None:
    ending = ending_of(ModuleNotFoundError(f"No module named {module!r}", name=module))
    assert ending.code == 1
    assert f"pip install 'newsloom[{extra}]'" in ending.line


def test_a_bug_is_called_one() -> None:
    assert ending_of(ZeroDivisionError("division by zero")).line.startswith("a bug of ours: ZeroDivisionError")


def test_a_line_is_one_line_that_moves_no_cursor() -> None:
    assert one_line("a\n b\x1b[31m\tc") == "a b [31m c"
