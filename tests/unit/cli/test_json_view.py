"""Every record has a JSON line, whatever its bytes are."""

import pytest

from services.cli.json_view import json_line
from tests.support.fetched import FetchedRecord, dead_letter_record, enriched_record, raw_record


def test_a_record_that_is_json_is_itself() -> None:
    assert json_line(enriched_record('{"title": "خبر"}'.encode())) == {"title": "خبر"}


def test_a_withdrawal_is_its_id() -> None:
    assert json_line(enriched_record(None)) == {"article_id": "key", "withdrawn": True}


@pytest.mark.parametrize(("value", "shown"), [(b"[1]", {"value": "[1]"}), (b"\xff", {"value_base64": "/w=="})])
def test_what_is_no_json_object_is_shown_all_the_same(value: bytes, shown: dict[str, str]) -> None:
    assert json_line(raw_record(value)) == {"unreadable": True, "partition": 0, "offset": 7, **shown}


def test_a_dead_letter_is_its_headers_key_and_value() -> None:
    line = json_line(dead_letter_record(b"k", b"\xff"))
    assert (line["error_class"], line["topic"], line["offset"]) == ("invalid_utf8", "news.raw", 41)
    assert (line["key"], line["value_base64"]) == ("k", "/w==")


def test_a_dead_letter_without_our_headers_is_shown_all_the_same() -> None:
    assert json_line(FetchedRecord("news.raw.dlq", b"x"))["unreadable"] is True
