"""Every rule of the exactly-once path can be taken out, and names tests that exist; `python -m tests.rules` does it."""

import re
import shutil
from pathlib import Path

import pytest

from tests.rules.__main__ import ROOT, Rule, rules, take_out

TABLE = ROOT / "docs" / "architecture.md"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_rule_is_where_it_can_be_taken_out(rule: Rule, tmp_path: Path) -> None:
    for change in rule.without:
        target = tmp_path / change.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / change.file, target)
    take_out(rule, tmp_path)
    for change in rule.without:
        compile((tmp_path / change.file).read_text(encoding="utf-8"), change.file, "exec")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_rule_names_tests_that_exist(rule: Rule) -> None:
    for test in rule.tests:
        file, _, name = test.partition("::")
        assert re.search(rf"^(async )?def {re.escape(name.partition('[')[0])}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)


def test_documented_rules_are_those_that_are_taken_out() -> None:
    rows = [line.split(" | ") for line in TABLE.read_text(encoding="utf-8").splitlines() if line.endswith("` |") and "::" in line]
    documented = {row[0].removeprefix("| "): "\n".join(row) for row in rows}
    assert set(documented) == {rule.name for rule in rules()}
    for rule in rules():
        for test in rule.tests:
            assert Path(test.partition("::")[0]).name + "::" + test.partition("::")[2] in documented[rule.name], rule.name
