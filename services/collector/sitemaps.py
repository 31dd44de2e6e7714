"""Sitemaps, news sitemaps and sitemap indexes (sitemaps.org 0.9 with Google's news extension)."""

from collections.abc import Iterator

from lxml import etree

from services.collector.body import GZIP_MAGIC, gunzip
from services.collector.errors import Unreadable
from services.collector.feeds import read_feed, read_json_feed
from services.collector.fetch import Answer
from services.collector.listing import Entry, Listing, absolute, read_date
from services.collector.safe_xml import parse_xml


def read_listing(answer: Answer, max_bytes: int, max_entries: int) -> Listing:
    """What a feed, sitemap or sitemap index lists, whichever it is: what comes first in it decides, not its name or type.

    Raises:
        Unreadable: none of these.
        Refused: gzip that unpacks to more than max_bytes.
        FetchFailed: gzip that is broken or broke off.
    """
    if answer.body.startswith(GZIP_MAGIC):
        answer = Answer(answer.url, answer.status, answer.headers, gunzip(answer.body, max_bytes))
    head = answer.body[:4_096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{"):
        return read_json_feed(answer, max_entries)
    if b"<urlset" in head or b"<sitemapindex" in head or b":urlset" in head:
        return read_sitemap(answer, max_entries)
    return read_feed(answer, max_entries)


def read_sitemap(answer: Answer, max_entries: int) -> Listing:
    """The pages of a sitemap, or the sitemaps of an index.

    Raises:
        Unreadable: no sitemap.
    """
    root = parse_xml(answer.body, answer.charset)
    kind = etree.QName(root).localname
    if kind == "urlset":
        return Listing(pages=tuple(_entries(root, "url", answer.url, max_entries)))
    if kind == "sitemapindex":
        return Listing(sitemaps=tuple(_entries(root, "sitemap", answer.url, max_entries)))
    raise Unreadable(f"<{kind}> is no sitemap")


def _entries(root: etree._Element, name: str, base: str, max_entries: int) -> Iterator[Entry]:
    for element in list(root.iterchildren(f"{{*}}{name}"))[:max_entries]:
        if url := _text(element, "loc"):
            yield Entry(
                url=absolute(base, url),
                title=_text(element, "news", "title"),
                published=read_date(_text(element, "news", "publication_date"), "sitemap"),
                modified=read_date(_text(element, "lastmod"), "sitemap"),
            )


def _text(element: etree._Element, *path: str) -> str | None:
    """The text of a descendant, whatever namespace its author chose."""
    found = element.find("/".join(f"{{*}}{name}" for name in path))
    return (found.text or "").strip() or None if found is not None else None
