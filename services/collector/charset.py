"""From bytes to text, in the encodings that the web's pages are really in."""

import codecs
import re

from charset_normalizer import from_bytes

# What browsers read under these names (WHATWG Encoding Standard): the larger set that servers mean by the smaller one's name.
_LARGER_SETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Python knows many more, some of which (unicode_escape, utf-7, the Macintosh's) no page of today is in.
_CODECS = """
utf-8 utf-16 utf-16-le utf-16-be cp866 cp874 cp932 cp949 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 iso8859-14 iso8859-15
iso8859-16 koi8-r koi8-u mac-roman mac-cyrillic gb18030 big5hkscs euc_jp iso2022_jp
"""
_OF_THE_WEB = frozenset(_CODECS.split())
_GUESSED = sorted(_OF_THE_WEB - {"utf-16", "utf-16-le", "utf-16-be", "mac-roman", "mac-cyrillic"})
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

# A page that says which encoding it is in says so near its beginning (HTML §13.2.3.2 looks at 1024 bytes, many are later).
_HEAD_BYTES = 4_096
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})|^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.-]{2,40})""",
    re.IGNORECASE,
)

# Guessing reads at most so much of a page; it takes about a second per megabyte.
_GUESSED_BYTES = 100_000


def decode(body: bytes, charset: str | None) -> str:
    """The text, by byte order mark, HTTP's charset, the document's own declaration, UTF-8 if it is that, else a guess.

    A declared encoding that most of the text isn't in is not believed; single bad bytes become U+FFFD. Never raises.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body.decode(name, "replace")
    found = _DECLARED.search(body[:_HEAD_BYTES])
    declared = (found[1] or found[2]).decode("ascii") if found else None
    for codec in map(_codec, (charset, declared, "utf-8")):
        if codec and (text := _decoded(body, codec)) is not None:
            return text
    return _guessed(body)


def _codec(name: str | None) -> str | None:
    """Python's codec for a declared name; None for no name, or one that no page is in."""
    try:
        codec = codecs.lookup((name or "").strip()).name
    except (LookupError, ValueError):
        return None
    codec = _LARGER_SETS.get(codec, codec)
    return codec if codec in _OF_THE_WEB else None


def _decoded(body: bytes, codec: str) -> str | None:
    """The text, or None when it is plainly not in this encoding: over one character in a hundred can't be read."""
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        text = body.decode(codec, "replace")
        return text if text.count("\ufffd") * 100 <= len(text) else None


def _guessed(body: bytes) -> str:
    best = from_bytes(body[:_GUESSED_BYTES], cp_isolation=_GUESSED).best()
    return body.decode(best.encoding if best else "utf-8", "replace")
