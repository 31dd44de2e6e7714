"""Feeds and sitemaps in every form, and XML that means harm."""

import gzip
import time
from datetime import UTC, datetime

import httpx
import pytest

from schemas.publication_date import PublicationDate
from services.collector.errors import Refused, Unreadable
from services.collector.fetch import Answer
from services.collector.listing import Listing
from services.collector.sitemaps import read_listing

BASE = "https://a.example/feeds/news"


def read(body: str | bytes, content_type: str = "application/xml", max_entries: int = 100) -> Listing:
    data = body.encode() if isinstance(body, str) else body
    return read_listing(Answer(BASE, 200, httpx.Headers({"Content-Type": content_type}), data), 1_000_000, max_entries)


def on(text: str, precision: str = "second", evidence: str = "feed") -> PublicationDate:
    return PublicationDate.model_validate({"value": text, "precision": precision, "evidence": evidence})


def rss(items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{head}{items}</channel></rss>'


def test_rss() -> None:
    listing = read(
        rss(
            "<item><title>बाढ़ &amp; 🌊</title><link> /kenya </link><pubDate>Mon, 10 Mar 2025 16:50:00 +0530</pubDate></item>"
            "<item><guid>https://a.example/by-guid</guid></item><item><guid isPermaLink='false'>7</guid></item>",
            "<ttl>30</ttl>",
        )
    )
    first, second = listing.pages
    assert (first.url, first.title, first.published) == ("https://a.example/kenya", "बाढ़ & 🌊", on("2025-03-10T11:20:00Z"))
    assert (second.url, second.published) == ("https://a.example/by-guid", None)
    assert listing.least_interval_s == 1_800


def test_atom() -> None:
    [entry] = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title type="html">Q&amp;amp;A</title>'
        '<link rel="alternate" href="x?b=2&amp;a=1"/><published>2025-11-07T12:00:00+09:00</published>'
        "<updated>2025-11-08T00:00:00Z</updated></entry></feed>"
    ).pages
    assert entry.url == "https://a.example/feeds/x?b=2&a=1"
    assert entry.published == on("2025-11-07T03:00:00Z")
    assert entry.latest == on("2025-11-08T00:00:00Z")


def test_rdf() -> None:
    [entry] = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title></channel>'
        '<item rdf:about="x"><title>خبر</title><link>https://a.example/1</link><dc:date>2025-03-10</dc:date></item></rdf:RDF>'
    ).pages
    assert (entry.url, entry.title) == ("https://a.example/1", "خبر")


def test_a_feed_in_an_old_encoding() -> None:
    body = (
        rss("<item><title>Наводнение</title><link>/1</link></item>").replace('"1.0"', '"1.0" encoding="koi8-r"').encode("koi8-r")
    )
    assert read(body).pages[0].title == "Наводнение"
    assert read(body.replace(b' encoding="koi8-r"', b""), "text/xml; charset=koi8-r").pages[0].title == "Наводнение"


def test_a_feed_with_small_mistakes() -> None:
    [entry] = read("<rss><channel><title>a & b</title><item><title>Fine&nbsp;news</title><link>/1</link></item></channel>").pages
    assert entry.url == "https://a.example/1"


def test_references_to_no_character() -> None:
    [entry] = read(rss("<item><title>&#xD83C; &#55357; &#x1F30D; &#54620;</title><link>/1</link></item>")).pages
    assert entry.title == "\ufffd \ufffd 🌍 한"


def test_json_feed() -> None:
    first, second = read(
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "/1", "title": "標題", '
        '"date_published": "2025-03-10T11:45Z"}, {"external_url": "https://b.example/2"}, {"id": 3}, 4, {"url": 5}]}',
        "application/feed+json",
    ).pages
    assert (first.url, first.title, first.published) == ("https://a.example/1", "標題", on("2025-03-10T11:45:00Z", "minute"))
    assert second.url == "https://b.example/2"


def test_news_sitemap() -> None:
    [entry] = read(
        '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">'
        "<s:url><s:loc>https://a.example/1</s:loc><s:lastmod>2025-03-11</s:lastmod><n:news><n:title>Überschwemmung</n:title>"
        "<n:publication_date>2025-03-10</n:publication_date></n:news></s:url><s:url><s:loc/></s:url></s:urlset>"
    ).pages
    assert (entry.title, entry.published) == ("Überschwemmung", on("2025-03-10T00:00:00Z", "day", "sitemap"))
    assert entry.latest is not None and entry.latest.value == datetime(2025, 3, 11, tzinfo=UTC)


def test_sitemap_index_in_gzip() -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>/a.xml.gz</loc></sitemap></sitemapindex>'
    )
    listing = read(gzip.compress(index.encode()), "application/gzip")
    assert [entry.url for entry in listing.sitemaps] == ["https://a.example/a.xml.gz"]
    assert listing.pages == ()


def test_what_lies_beyond_the_bound_is_left() -> None:
    items = "".join(f"<item><link>/{number}</link></item>" for number in range(20))
    assert len(read(rss(items), max_entries=5).pages) == 5


def test_gzip_that_unpacks_to_too_much() -> None:
    with pytest.raises(Refused):
        read(gzip.compress(bytes(2_000_000)))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>' + rss("<item><title>&l9;</title><link>/1</link></item>"),
        f'<!DOCTYPE urlset [<!ENTITY l0 "ha">{LAUGHS}]><urlset><url><loc>&l9;</loc></url></urlset>',
        '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc></url></urlset>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]><urlset/>',
        '<!DOCTYPE r [<!ENTITY q "' + "x" * 50_000 + '">]><rss><channel><title>' + "&q;" * 5_000 + "</title></channel></rss>",
        '<!doctype r [<!entity f system "file:///etc/passwd">]><rss><channel/></rss>',
    ],
    ids=["laughs-rss", "laughs-sitemap", "file", "parameter", "quadratic", "lower-case"],
)
def test_entities_are_not_read(body: str) -> None:
    started = time.perf_counter()
    with pytest.raises(Unreadable):
        read(body)
    assert time.perf_counter() - started < 20.0


def test_a_document_type_without_entities_is_harmless() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss-0.91.dtd">'
    assert read(doctype + rss("<item><link>/1</link></item>")).pages[0].url == "https://a.example/1"


@pytest.mark.parametrize(
    "body", ["", "plain", "{", "[]", '{"items": 1}', "<html><body>404</body></html>", "\x00\x01", "<?xml"], ids=repr
)
def test_what_is_no_listing(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_a_deep_document_ends() -> None:
    assert read("<sitemapindex>" + "<sitemap>" * 100_000).sitemaps == ()
    with pytest.raises(Unreadable):
        read("<a>" * 100_000)
