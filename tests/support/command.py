"""The command `newsloom` as its users run it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Nothing that a test runs takes so long; a command that hangs must not hang the run.
DEADLINE_S = 240.0

_OURS = ("KAFKA_", "ENRICHER_", "GATEWAY_", "COLLECTOR_", "TRENDS_", "NEWSLOOM_DATA_DIR", "NEWSLOOM_SECRETS_DIR")


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard output by line."""
        return self.out.decode("utf-8").splitlines()


def arguments_of(*arguments: str) -> list[str]:
    """The process's arguments."""
    return [sys.executable, "-m", "services.cli", *arguments]


def environment(data: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours without settings of Newsloom's, with a data folder of the test's own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**own, "PYTHONPATH": str(ROOT), "NEWSLOOM_DATA_DIR": str(data), **(more or {})}


def newsloom(
    *arguments: str, data: Path, standard_input: bytes = b"", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """Runs the command to its end."""
    ended = subprocess.run(
        arguments_of(*arguments),
        input=standard_input,
        capture_output=True,
        cwd=cwd or data,
        env=environment(data, env),
        timeout=DEADLINE_S,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr.decode("utf-8"))


def said(ended: Ended) -> Sequence[str]:
    """Standard error by line, without the line that says which broker was chosen."""
    return [line for line in ended.err.splitlines() if not line.startswith("broker: ")]
