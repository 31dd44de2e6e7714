"""A file's bytes as text: UTF-8 unless the file itself says otherwise."""

import codecs
import re

from services.runtime.errors import InvalidRecord

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# The standard lets browsers look at the first 1,024 bytes of a page for its encoding; pages that say it later exist.
_LOOK_AT_BYTES = 4_096
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE
)

# How Python's names of such encodings begin; it also knows some that turn bytes into bytes, or that raise errors of their own.
_FOR_PAGES = ("ascii", "big5", "cp", "euc", "gb", "hz", "iso", "koi8", "mac", "shift", "tis", "utf-8")


def decoded_text(data: bytes) -> str:
    """The text, by its byte order mark or in UTF-8; raises InvalidRecord of class invalid_utf8."""
    return _decode(data, _marked(data) or "utf-8")


def decoded_html(data: bytes) -> str:
    """The page, by its byte order mark, else as it declares, else in UTF-8; raises InvalidRecord of class invalid_utf8."""
    return _decode(data, _marked(data) or _declared(data) or "utf-8")


def _marked(data: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def _declared(data: bytes) -> str | None:
    """The encoding that a page names, when it is one for pages; UTF-16 in ASCII letters is a lie (WHATWG)."""
    found = _DECLARED.search(data[:_LOOK_AT_BYTES])
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else ""
    except LookupError:
        return None
    return name if name.startswith(_FOR_PAGES) else None


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding.startswith("utf-8") else encoding
        raise InvalidRecord("invalid_utf8", f"byte {error.start} is not {name}") from error
