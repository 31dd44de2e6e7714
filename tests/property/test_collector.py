"""Whatever strangers send: the collector's readers answer or refuse, and never break in another way."""

import contextlib
import json
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from services.collector.addresses import is_never_allowed, is_public, parse_address
from services.collector.charset import decode
from services.collector.errors import FetchFailed, Refused, Unreadable
from services.collector.extract import extract, parse_page
from services.collector.fetch import Answer, refuse_unless_web
from services.collector.listing import Entry
from services.collector.optouts import opt_outs
from services.collector.schedule import retry_after_s
from services.collector.sitemaps import read_listing
from tests.support.pages import NOW, SOURCE, article, page

URL = "https://a.example/news/1"

# Pieces that feeds, sitemaps, pages and their mistakes are made of, in no order.
PIECES = [
    *(
        "<rss>",
        "<channel>",
        "<item>",
        "<link>",
        "</link>",
        "/1",
        "<title>",
        "&nbsp;",
        "&#xD800;",
        "<![CDATA[",
        "]]>",
        "<?xml",
        "?>",
    ),
    *(
        "<urlset>",
        "<url>",
        "<loc>",
        "</loc>",
        "<sitemapindex>",
        "<!DOCTYPE x [",
        "<!ENTITY a 'b'>",
        "]>",
        "&a;",
        "<feed>",
        "<entry/>",
    ),
    *('{"items":', "[", "]", "{", "}", '"url":', '"x"', ",", "1", "null", "\x00", "\ufeff", "\ud800", "मौसम", "خبر", "天気", "🌧"),
    *(
        '<script type="application/ld+json">',
        '{"@type":"NewsArticle",',
        '"author":',
        '"datePublished":',
        '"2025-13-45"',
        "</script>",
    ),
    *(
        "<html>",
        "<body>",
        "<p>",
        "</p>",
        "<table>",
        "<td>",
        "<time datetime=",
        "9999-99-99",
        "<meta charset=utf-7>",
        "<base href=x>",
    ),
    *(
        '<link rel=canonical href="http://[">',
        "<meta name=robots content=noai>",
        "A sentence long enough to be part of an article. ",
    ),
]
DOCUMENTS = st.lists(st.sampled_from(PIECES), max_size=40).map(lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass"))


def answer(body: bytes, content_type: str = "text/html") -> Answer:
    return Answer(URL, 200, httpx.Headers({"Content-Type": content_type}), body)


@settings(max_examples=300, deadline=None)
@given(st.one_of(DOCUMENTS, st.binary(max_size=300)))
def test_a_listing_is_read_or_unreadable(body: bytes) -> None:
    try:
        listing = read_listing(answer(body), 100_000, 100)
    except (FetchFailed, Refused, Unreadable):
        return
    for entry in (*listing.pages, *listing.sitemaps):
        assert f"{entry.url}{entry.title}".encode()


@settings(max_examples=300, deadline=None)
@given(st.one_of(DOCUMENTS, st.binary(max_size=300)))
def test_a_page_is_an_article_or_unreadable(body: bytes) -> None:
    try:
        parsed = parse_page(answer(body))
        said = opt_outs(URL, parsed.answer.headers, parsed.metas, (), "", "newsloom")
        encode(extract(parsed, SOURCE, Entry(URL), said, NOW, "1"))
    except Unreadable:
        pass


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=10)
    | st.sampled_from(["NewsArticle", "@graph", "False"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@type",
                    "@graph",
                    "headline",
                    "author",
                    "name",
                    "image",
                    "url",
                    "datePublished",
                    "isAccessibleForFree",
                    "hasPart",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json_ld_leaves_an_article(document: Any) -> None:
    script = json.dumps({"@type": "NewsArticle", "x": document, **(document if isinstance(document, dict) else {})})
    found = article(page(f'<script type="application/ld+json">{script.replace("<", " ")}</script>'))
    assert found.text and encode(found)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_decoding_never_raises(body: bytes, charset: str) -> None:
    assert isinstance(decode(body, charset), str)


@given(st.one_of(st.text(max_size=40), st.ip_addresses().map(str), st.from_regex(r"[0-9a-fx.:%\[\]]{1,30}", fullmatch=True)))
def test_a_host_is_an_address_or_a_name(host: str) -> None:
    address = parse_address(host)
    if address is not None:
        assert not (is_public(address) and is_never_allowed(address))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        refuse_unless_web(text)


@given(st.text(max_size=40))
def test_retry_after_is_a_wait_or_nothing(header: str) -> None:
    wait = retry_after_s(header, 1_000.0, 60.0)
    assert wait is None or 0.0 <= wait <= 60.0
