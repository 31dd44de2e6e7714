"""Takes each rule out of a copy of the code and runs the tests that must fail then: `python -m tests.rules [PART OF A NAME]`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RULES = Path(__file__).with_name("rules.toml")

_COPIED = ("benchmarks", "schemas", "seeds", "services", "tests", "pyproject.toml", "dev.py")
_DEADLINE_S = 300.0
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True)
class Change:
    """A piece of a file, and what stands there without the rule."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Rule:
    """A rule, how it is taken out, and the tests that fail then."""

    name: str
    tests: tuple[str, ...]
    without: tuple[Change, ...]


def rules() -> tuple[Rule, ...]:
    """Those of rules.toml."""
    found: list[dict[str, Any]] = tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"]
    return tuple(
        Rule(each["name"], tuple(each["tests"]), tuple(Change(**change) for change in each["without"])) for each in found
    )


def take_out(rule: Rule, tree: Path) -> None:
    """Changes a tree; AssertionError when a piece isn't there exactly once, because the code has moved on."""
    for change in rule.without:
        path = tree / change.file
        text = path.read_text(encoding="utf-8")
        assert text.count(change.old) == 1, f"{rule.name}: not once in {change.file}: {change.old!r}"
        path.write_text(text.replace(change.old, change.new), encoding="utf-8")


def tried(rule: Rule) -> bool:
    """Whether each of the rule's tests fails without it; prints how."""
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        tree = Path(folder)
        _copy(tree)
        take_out(rule, tree)
        failures = [_failure(tree, test) for test in rule.tests]
    print(f"{'fails' if all(failures) else 'DOES NOT FAIL'} without it: {rule.name}")
    for failure in failures:
        print(f"    {failure or 'passed'}", flush=True)
    return all(failures)


def _copy(tree: Path) -> None:
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)


def _failure(tree: Path, test: str) -> str:
    """How a test failed; empty when it passed. One that hangs has failed.

    Raises:
        AssertionError: it could not even be run.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    wide = {**os.environ, "COLUMNS": "400"}  # else pytest leaves out why it failed
    try:
        ended = subprocess.run(command, cwd=tree, env=wide, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{test} hung"
    assert ended.returncode in (_PASSED, _FAILED), f"pytest ended with {ended.returncode} on {test}: {ended.stdout[-2_000:]}"
    return next((line for line in ended.stdout.splitlines() if line.startswith("FAILED ")), "")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every rule that was tried has tests that fail without it."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="only rules whose name contains this")
    given = parser.parse_args(arguments)
    chosen = [rule for rule in rules() if given.name.casefold() in rule.name.casefold()]
    results = [tried(rule) for rule in chosen]
    print(f"{sum(results)} of {len(results)} rules have tests that fail when they are taken out")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
