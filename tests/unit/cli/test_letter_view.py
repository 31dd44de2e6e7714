"""A dead letter on a screen: all of it, and nothing that a terminal would obey."""

import pytest

from services.cli.dead_letters import as_found
from services.cli.letter_view import print_letter, row, safe_lines, summary, whole
from tests.support.fetched import FetchedRecord, dead_letter_record


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("أخبار\n新闻 🌊".encode(), ["أخبار", "新闻 🌊"]),
        ("می‌خواهم 👩‍🚒".encode(), ["می‌خواهم 👩‍🚒"]),
        (b"\xff\x00\x1b[31mred", ["\\xff��[31mred"]),
        ("\u202egnp.exe".encode(), ["�gnp.exe"]),
        (b"", []),
    ],
)
def test_bytes_are_shown_safely(value: bytes, lines: list[str]) -> None:
    assert safe_lines(value) == lines


def test_the_beginning_of_a_long_value_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_letter(as_found(dead_letter_record(b"k", b"x" * 5_000_000), {}))
    shown = capsys.readouterr().out
    assert "5,000,000 bytes" in shown and "only the beginning" in shown and len(shown) < 10_000


def test_null_is_told_from_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_letter(as_found(dead_letter_record(None, None), {}))
    print_letter(as_found(dead_letter_record(b"", b""), {}))
    shown = capsys.readouterr().out
    assert "key    none\nvalue  none" in shown and "value  0 bytes" in shown


def test_json_keeps_every_byte() -> None:
    document = whole(as_found(dead_letter_record(b"\xfe", b"\xff"), {}))
    assert (document["key_base64"], document["value_base64"]) == ("/g==", "/w==")
    assert document["headers"]["newsloom.error.class"] == "invalid_utf8"


def test_a_row_names_class_place_and_outlet_but_no_text() -> None:
    found = as_found(dead_letter_record(b"k", b'{"url": "https://herald.example/a", "text": "secret"}'), {})
    assert {"0:7", "invalid_utf8", "2:41", "herald.example", "open"} <= set(row(found))
    assert "secret" not in str(row(found)) + str(summary(found))


def test_a_stranger_has_a_row() -> None:
    assert "without our headers" in row(as_found(FetchedRecord("news.raw.dlq", b"{}"), {}))
