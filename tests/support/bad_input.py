"""Every kind of bad input that was foreseen, with the class of dead letter it must become."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

URL = "https://herald.example/a"


def article(**fields: Any) -> bytes:
    """A raw article as JSON; a field of None is left out."""
    return json.dumps({k: v for k, v in {"url": URL, "text": "Flood in Kisumu.", **fields}.items() if v is not None}).encode()


@dataclass(frozen=True)
class Bad:
    """A value that is no article, and why."""

    name: str
    value: bytes
    error_class: str


BAD = (
    Bad("empty", b"", "empty_value"),
    Bad("blank", b" \n ", "empty_value"),
    Bad("not-json", b"Flood in Kisumu", "invalid_json"),
    Bad("half-json", article()[:-1], "invalid_json"),
    Bad("two-documents", article() + article(), "invalid_json"),
    Bad("not-a-number", b'{"url":"https://herald.example/a","text":NaN}', "invalid_json"),
    Bad("array", b"[1, 2]", "invalid_shape"),
    Bad("string", b'"text"', "invalid_shape"),
    Bad("null", b"null", "invalid_shape"),
    Bad("text-is-a-number", article(text=7), "invalid_shape"),
    Bad("text-and-html-are-lists", article(text=["a"], html=["b"]), "invalid_shape"),
    Bad("no-url", article(url=None), "invalid_url"),
    Bad("url-is-a-number", article(url=5), "invalid_url"),
    Bad("blank-url", article(url="  "), "invalid_url"),
    Bad("relative-url", article(url="/a"), "invalid_url"),
    Bad("ftp-url", article(url="ftp://herald.example/a"), "invalid_url"),
    Bad("script-url", article(url="javascript:alert(1)"), "invalid_url"),
    Bad("url-without-host", article(url="https:///a"), "invalid_url"),
    Bad("url-with-bad-port", article(url="https://herald.example:99999999/a"), "invalid_url"),
    Bad("url-with-bad-address", article(url="https://[::1/a"), "invalid_url"),
    Bad("url-with-blank", article(url="https://herald.example/a b"), "invalid_url"),
    Bad("long-url", article(url="https://herald.example/" + "a" * 10_000), "invalid_url"),
    Bad("no-text", article(text=None), "no_content"),
    Bad("blank-text", article(text=" \n\t "), "no_content"),
    Bad("invisible-text", article(text="\u200b\u2060\ufeff"), "no_content"),
    Bad("html-without-text", article(text=None, html="<html><body><script>x()</script><img src=a></body></html>"), "no_content"),
    Bad("empty-html", article(text=None, html=""), "no_content"),
    Bad("invalid-utf8", b'{"url":"https://herald.example/a","text":"caf\xe9"}', "invalid_utf8"),
    Bad("utf16", article().decode().encode("utf-16"), "invalid_utf8"),
    Bad("gzip", gzip.compress(article(), mtime=0), "invalid_utf8"),
    Bad("encoded-surrogate", b'{"url":"https://herald.example/a","text":"\xed\xa0\x80"}', "invalid_utf8"),
    Bad("lone-surrogate", b'{"url":"https://herald.example/a","text":"x\\ud800y"}', "lone_surrogate"),
    Bad("lone-low-surrogate", b'{"url":"https://herald.example/a","text":"\\udc00"}', "lone_surrogate"),
    Bad("nul-byte", b'{"url":"https://herald.example/a","text":"a\x00b"}', "nul_byte"),
    Bad("nul-escape", article(text="a\x00b"), "nul_byte"),
    Bad("nested", b"[" * 1_000_000 + b"]" * 1_000_000, "invalid_json"),
    Bad("nested-field", b'{"url":' + b'{"a":' * 1_000_000, "invalid_json"),
    Bad("too-large", article(text="a" * 11_000_001), "body_too_large"),
)

# Bad optional fields: the article is enriched, the field is null, and a warning says so.
WARNED: Mapping[str, tuple[Any, ...]] = {
    "published_at": ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999", "yesterday", 1695081600, True, [], ""),
    "collected_at": ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "soon", 7, {}),
    "title": (7, [], {"a": 1}, "a" * 10_001),
    "authors": ("Me", 7, {}),
    "source": ("BBC", 7, [], {}, {"name": "no id"}),
    "section": (7, "", [], "a" * 1_001),
    "image": ("not a url", 7, "ftp://herald.example/i.png"),
    "licence": (7, ""),
    "revision": (-1, "first", 1.5, 2**70),
    "language_hint": ("not a language tag!", 7, ""),
    "collector": ("me", {"version": "1"}),
    "canonical_url": ("nowhere", 7),
    "article_id": (7, "a" * 101),
    "html": (7, []),
}
