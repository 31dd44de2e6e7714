"""Which URLs are the same article."""

import pytest

from schemas.identity import article_id, article_id_of_key, canonical_url, content_digest


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://Herald.Example/News", "https://herald.example/News"),
        ("https://herald.example:443/", "https://herald.example/"),
        ("http://herald.example:8080", "http://herald.example:8080/"),
        ("https://user:secret@herald.example/a", "https://herald.example/a"),
        ("https://herald.example/a#comments", "https://herald.example/a"),
        ("https://herald.example/a?utm_source=x&id=7&fbclid=y", "https://herald.example/a?id=7"),
        ("https://herald.example/a?b=2&a=1", "https://herald.example/a?a=1&b=2"),
        ("https://herald.example/a/amp/", "https://herald.example/a"),
        ("https://herald.example/a?amp=1", "https://herald.example/a"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ("https://أخبار.example/باكو", "https://xn--igbicxr.example/%D8%A8%D8%A7%D9%83%D9%88"),
        ("https://herald.example/%e6%9d%b1", "https://herald.example/%E6%9D%B1"),
        ("https://herald.example/東", "https://herald.example/%E6%9D%B1"),
        ("https://herald.example/a%2Fb", "https://herald.example/a%2Fb"),
        ("https://herald.example/%41%7e", "https://herald.example/A~"),
        ("https://herald.example/%zz", "https://herald.example/%25zz"),
        ("https://herald.example/%E4", "https://herald.example/%E4"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("urn:SHA256:Ab", "urn:sha256:Ab"),
        ("file:///news/a%20b.txt#2", "file:///news/a%20b.txt"),
        ("  https://herald.example/a\n", "https://herald.example/a"),
    ],
)
def test_canonical_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "url",
    ["", "a", "//herald.example/a", "ftp://herald.example/", "mailto:a@b.example", "https://", "https:///a", "urn:", "urn:x",
     "file:a", "https://herald.example:x/", "https://[::1/", "https://a..b/", "https://-/", "https://herald.example/a b"],
)  # fmt: skip
def test_no_canonical_url(url: str) -> None:
    with pytest.raises(ValueError):
        canonical_url(url)


def test_article_id_never_changes() -> None:
    # Frozen: another value here would re-key every topic that exists.
    assert article_id("https://herald.example/a") == "720b090c-cc90-55d9-a026-a64bb776cfa1"


def test_key_names_an_article_by_id_or_url() -> None:
    own = article_id("https://herald.example/a")
    assert article_id_of_key(own.encode()) == own
    assert article_id_of_key(own.upper().encode()) == own
    assert article_id_of_key(b"https://herald.example/a#x") == own


@pytest.mark.parametrize("key", [None, b"", b"42", b"\xff\xfe", b"x" * 36])
def test_key_names_nothing(key: bytes | None) -> None:
    assert article_id_of_key(key) is None


def test_digest_is_of_the_content_in_any_unicode_form() -> None:
    assert content_digest("Café", "x") == content_digest("Cafe\u0301", "x")
    assert content_digest("a", "bc") != content_digest("ab", "c")
    assert content_digest(None, "x") == content_digest("", "x")
