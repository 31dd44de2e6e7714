"""Pages for tests of the collector: answers without a server."""

from datetime import UTC, datetime

import httpx
from lxml.html import HtmlElement

from schemas.raw_article import RawArticle
from services.collector.extract import extract, parse_page
from services.collector.fetch import Answer
from services.collector.listing import Entry
from services.collector.sources import Source
from tests.support.recorded_web import RECORDED, Expected

NOW = datetime(2025, 11, 10, 12, 0, tzinfo=UTC)
SOURCE = Source(id="a", name="A", domain="a.example", feeds=("https://a.example/rss",))
BODY = "<p>The harbour reopened on Sunday after divers had cleared the wreck from the fairway, the port office said.</p>"


def answer(html: str | bytes, url: str = "https://a.example/news/1", content_type: str = "text/html") -> Answer:
    """A page as the fetcher returns it."""
    body = html.encode() if isinstance(html, str) else html
    return Answer(url, 200, httpx.Headers({"Content-Type": content_type}), body)


def page(head: str = "", body: str = BODY, title: str = "Harbour reopens") -> str:
    """A whole page with an article."""
    return (
        f'<html lang="en"><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{body}</article></body></html>'
    )


def tree(html: str, url: str = "https://a.example/news/1") -> HtmlElement:
    """A page's tree."""
    return parse_page(answer(html, url)).tree


def article(
    html: str | bytes, listed: Entry | None = None, source: Source = SOURCE, url: str = "https://a.example/news/1"
) -> RawArticle:
    """A page's article."""
    return extract(parse_page(answer(html, url)), source, listed or Entry(url), (), NOW, "1")


def recorded(expected: Expected) -> Answer:
    """A page of the recorded web, with the encoding that its site's header would name."""
    folder = RECORDED / expected.site
    body = (folder / expected.path.lstrip("/")).read_bytes().replace(b"{{origin}}", f"http://{expected.site}".encode())
    by_header = {"severny-mayak.example": "koi8-r", "minato-shimpo.example": "Shift_JIS"}.get(expected.site)
    content_type = f"text/html; charset={by_header}" if by_header else "text/html"
    return answer(body, f"http://{expected.site}{expected.path}", content_type)
