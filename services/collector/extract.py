"""From a page to an article: what JSON-LD says first, then meta elements, then what trafilatura finds."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from lxml.html import HtmlElement
from pydantic import ValidationError
from trafilatura import bare_extraction, load_html

from schemas.raw_article import Collector, OptOut, RawArticle
from services.collector import json_ld
from services.collector.body_text import text_of_body
from services.collector.canonical import canonical_link
from services.collector.charset import decode
from services.collector.dates import published_at
from services.collector.errors import Unreadable
from services.collector.fetch import Answer
from services.collector.listing import Entry, absolute
from services.collector.optouts import forbids_images, metas_of
from services.collector.sources import Source

# As the enricher's: extraction takes up to 80 µs a tag, and no article's page comes near.
MAX_TAGS = 30_000

# Nothing that has fewer letters is an article: a page that only says "please enable scripts", say.
MIN_CHARACTERS = 40

# A clock or time zone may be wrong by so much before a date counts as being in the future.
_FUTURE = timedelta(days=1)

_PAGES = frozenset(("text/html", "application/xhtml+xml", "application/xml", "text/xml", ""))


@dataclass(frozen=True, slots=True)
class Page:
    """A fetched page, parsed."""

    answer: Answer
    tree: HtmlElement

    @property
    def metas(self) -> tuple[tuple[str, str], ...]:
        """Its named meta elements."""
        return metas_of(self.tree)


def parse_page(answer: Answer) -> Page:
    """The page's tree.

    Raises:
        Unreadable: no HTML, or so much of it that it can't be an article.
    """
    if answer.media_type not in _PAGES:
        raise Unreadable(f"not a page but {answer.media_type}")
    text = decode(answer.body, answer.charset)
    if text.count("<") > MAX_TAGS:
        raise Unreadable(f"over {MAX_TAGS:,} tags")
    tree = load_html(text) if "<" in text else None
    if tree is None:
        raise Unreadable("no HTML")
    return Page(answer, tree)


def extract(
    page: Page, source: Source, listed: Entry, opt_outs: tuple[OptOut, ...], collected_at: datetime, version: str
) -> RawArticle:
    """The page's article.

    listed is how a feed or sitemap named the page; it helps where the page itself says nothing.

    Raises:
        Unreadable: there is no article on the page.
    """
    url, tree = page.answer.url, page.tree
    stated = json_ld.article_of(tree)
    document = _extracted(tree, url, collected_at + _FUTURE)
    metas = dict(reversed(page.metas))
    title = json_ld.text_of(stated, "headline", "name") or _title(metas, document, listed) if document else None
    text = text_of_body(document.body, title) if document else ""
    if len(text) < MIN_CHARACTERS:
        raise Unreadable("no article on the page")
    image = json_ld.url_of(stated.get("image")) or metas.get("og:image")
    fields = {
        "url": url,
        "title": title,
        "text": text,
        "canonical_url": canonical_link(tree, url),
        "source": source.published,
        "authors": _authors(stated, metas, document),
        "published_at": published_at(tree, stated, url, listed.published, document.date, collected_at + _FUTURE),
        "collected_at": collected_at,
        "language_hint": source.language or tree.get("lang") or json_ld.text_of(stated, "inLanguage"),
        "section": json_ld.text_of(stated, "articleSection") or metas.get("article:section") or source.section,
        "image": absolute(url, image) if image and not forbids_images(opt_outs) else None,
        "licence": source.licence or _licence_link(tree, url),
        "collector": Collector(name="newsloom-collector", version=version),
        "opt_outs": opt_outs or None,
        "is_accessible_for_free": _is_free(stated, metas),
    }
    return _valid({name: value for name, value in fields.items() if value is not None and value != ""})


def _extracted(tree: HtmlElement, url: str, latest: datetime) -> Any:
    # Not the extensive search: it takes the year of a copyright line for a date.
    dates = {"original_date": True, "max_date": latest.strftime("%Y-%m-%d"), "extensive_search": False}
    # A tree, never a text: trafilatura and htmldate would fetch a text that looks like an address.
    return bare_extraction(deepcopy(tree), url=url, with_metadata=True, include_comments=False, date_extraction_params=dates)


def _title(metas: dict[str, str], document: Any, listed: Entry) -> str | None:
    found = metas.get("og:title") or document.title or listed.title or ""
    return json_ld.plain_text(found) or None


def _authors(stated: json_ld.Article, metas: dict[str, str], document: Any) -> tuple[str, ...] | None:
    guessed = (document.author or "").split("; ")
    names = json_ld.names_of(stated.get("author")) or json_ld.names_of(metas.get("author")) or json_ld.names_of(guessed)
    return names[:100] or None


def _is_free(stated: json_ld.Article, metas: dict[str, str]) -> bool | None:
    tier = metas.get("article:content_tier", "").strip().lower()
    said = json_ld.is_free(stated)
    return {"free": True, "locked": False}.get(tier) if said is None else said


def _licence_link(tree: etree._Element, url: str) -> str | None:
    links = (link for link in tree.iter("link", "a") if "license" in (link.get("rel") or "").lower().split())
    return next((absolute(url, href) for link in links if (href := link.get("href"))), None)


def _valid(fields: dict[str, Any]) -> RawArticle:
    """The article; an optional field that the contract doesn't allow is left out rather than the article."""
    while True:
        try:
            return RawArticle(**fields)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
            if not wrong or wrong & {"url", "text"}:
                raise Unreadable("its address can't be an article's") from error
            fields = {name: value for name, value in fields.items() if name not in wrong}
