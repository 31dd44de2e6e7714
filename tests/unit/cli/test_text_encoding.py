"""A file's own word about its encoding counts; without one it is UTF-8."""

import codecs

import pytest

from services.cli.text_encoding import decoded_html, decoded_text
from services.runtime.errors import InvalidRecord


@pytest.mark.parametrize(
    "data",
    ["Ünïcode خبر".encode(), codecs.BOM_UTF8 + "Ünïcode خبر".encode(), codecs.BOM_UTF16_LE + "Ünïcode خبر".encode("utf-16-le")],
    ids=["utf-8", "utf-8-sig", "utf-16"],
)
def test_text_is_utf8_or_what_its_byte_order_mark_says(data: bytes) -> None:
    assert decoded_text(data) == "Ünïcode خبر"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("windows-1256", "خبر عاجل"), ("windows-1251", "Срочно"), ("Shift_JIS", "速報"), ("gb2312", "快讯")],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(encoding: str, text: str) -> None:
    page = f'<html><head><meta charset="{encoding}"></head><body>{text}</body></html>'
    old = f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}"><p>{text}</p>'
    assert decoded_html(page.encode(encoding)) == page
    assert decoded_html(old.encode(encoding)) == old


@pytest.mark.parametrize("declared", ["no-such-encoding", "base64", "utf-16"])
def test_a_declaration_that_cannot_be_true_is_not_believed(declared: str) -> None:
    page = f'<meta charset="{declared}">हिन्दी'
    assert decoded_html(page.encode()) == page


def test_bytes_that_are_not_in_the_encoding_are_named() -> None:
    with pytest.raises(InvalidRecord, match="byte 2 is not UTF-8") as caught:
        decoded_text(b"ab\xff")
    assert caught.value.error_class == "invalid_utf8"
