"""From bytes to text, whatever the header says."""

import pytest

from services.collector.charset import decode

TEXTS = {
    "windows-1256": "فيضان نهر نياندو قرب كيسومو",
    "Shift_JIS": "津波警報は解除されました。髙橋さん①",
    "gb2312": "登革热疫苗有效率达七成八，朱镕基",
    "gb18030": "㐀㐁𠀀的新闻",
    "KOI8-R": "Наводнение на западе Кении",
    "iso-8859-9": "İzmir'de “seçim” günü",
    "iso-8859-1": "Überraschung – “grün”",
    "euc-kr": "뎅기열 백신 뷁",
    "tis-620": "วัคซีนไข้เลือดออก “ใหม่”",
    "utf-8": "बाढ़ और 🌊",
    "utf-16": "ኪሱሙ 🌍",
}
# What browsers mean by these names, so that the text can be written at all.
WRITTEN_AS = {
    "Shift_JIS": "cp932",
    "gb2312": "gb18030",
    "iso-8859-9": "cp1254",
    "iso-8859-1": "cp1252",
    "tis-620": "cp874",
    "euc-kr": "cp949",
}


def written(name: str) -> bytes:
    return TEXTS[name].encode(WRITTEN_AS.get(name, name))


@pytest.mark.parametrize("name", TEXTS)
def test_by_the_header(name: str) -> None:
    assert decode(written(name), name) == TEXTS[name]


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "utf-16"])
@pytest.mark.parametrize(
    "form",
    [
        '<meta charset="{}">',
        "<meta http-equiv='Content-Type' content='text/html; charset={}'>",
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
def test_by_the_document(name: str, form: str) -> None:
    head = form.format(name)
    assert decode(head.encode() + written(name), None) == head + TEXTS[name]


def test_the_header_comes_before_the_document() -> None:
    body = b"<meta charset=utf-8>" + "Мир".encode("koi8-r")
    assert decode(body, "koi8-r").endswith("Мир")


def test_a_byte_order_mark_comes_before_the_header() -> None:
    assert decode("\ufeffमंगल".encode(), "windows-1252") == "मंगल"
    assert decode("مرحبا".encode("utf-16"), "utf-8") == "مرحبا"


@pytest.mark.parametrize("name", ["utf-8", "no-such-encoding", "base64", "rot13", "unicode_escape\0", ""])
def test_a_header_that_is_wrong_is_not_believed(name: str) -> None:
    text = "Шторм на Чёрном море, порт закрыт до понедельника, сообщили в администрации города. " * 5
    assert decode(text.encode("cp1251"), name) == text


def test_a_few_bad_bytes_do_not_matter() -> None:
    text = "日本の天気" * 100
    assert decode(text.encode() + b"\xff", "utf-8") == text + "\ufffd"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"\xef\xbb\xbf", bytes(range(256)) * 4, b"\xff" * 1_000])
def test_never_raises(body: bytes) -> None:
    assert isinstance(decode(body, "utf-8"), str)
