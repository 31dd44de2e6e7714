"""Log lines of services, for a person."""

import json

import pytest

from services.cli.log_lines import decisive, readable


def event(**fields: object) -> str:
    return json.dumps({"timestamp": "2023-09-19T00:00:00Z", "service": "enricher", **fields}, ensure_ascii=False)


def test_an_event_is_shown_with_its_fields() -> None:
    assert readable(event(level="info", event="assigned", partitions=[0, 1])) == "assigned partitions=[0, 1]"


def test_of_a_traceback_only_the_error_is_shown() -> None:
    trace = "Traceback (most recent call last):\n  File x\nValueError: wrong"
    assert readable(event(level="error", event="unexpected", exception=trace)) == "unexpected exception=ValueError: wrong"


@pytest.mark.parametrize("line", ["ImportError: no module", "[1, 2]", '{"a": 1}', "خطأ"])
def test_another_line_stays_as_it_is(line: str) -> None:
    assert readable(line) == line


def test_the_last_error_with_a_reason_decides_whatever_came_after_it() -> None:
    lines = [event(level="error", event="can_not_work", reason="port taken"), event(level="error", event="Unclosed consumer")]
    assert decisive(lines) == "port taken"


def test_else_the_last_word_decides() -> None:
    assert decisive([event(level="info", event="started"), "ImportError: no module"]) == "ImportError: no module"
    assert decisive([]) == "it said nothing"
