"""When an article was published: JSON-LD, then meta elements and <time>, then the feed, the address, the page's looks.

The first that says a plausible date wins. Only the last is a guess (htmldate's), and its precision is never finer than a day.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from schemas.publication_date import PublicationDate
from services.collector.json_ld import Article, text_of
from services.collector.listing import read_date

# In the order of how surely they mean the publication and not a change or the day of the visit.
_META_NAMES = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date",
    "pubdate",
    "publish-date",
    "date",
)
_IN_URL = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
_COMPACT_ZONE = re.compile(r"([+-]\d{2})(\d{2})$")


def published_at(
    tree: etree._Element, article: Article, url: str, listed: PublicationDate | None, guessed: str | None, latest: datetime
) -> PublicationDate | None:
    """The publication date with its precision and evidence; None when nothing says one.

    Evidence is "json-ld", "meta", "time", "feed", "sitemap", "url" or "page". What lies after `latest` is not believed.
    """
    candidates = (
        _read(text_of(article, "datePublished", "dateCreated"), "json-ld"),
        *(_read(content, "meta") for content in _metas(tree)),
        *(_read(moment, "time") for moment in _times(tree)),
        listed,
        _in_url(url),
        _guess(guessed),
    )
    return next((date for date in candidates if date and date.value <= latest), None)


def _guess(guessed: str | None) -> PublicationDate | None:
    """What htmldate found; a year alone comes as its first of January."""
    if guessed and guessed.endswith("-01-01"):
        guessed = guessed[:4]
    return read_date(guessed, "page")


def _read(text: str | None, evidence: str) -> PublicationDate | None:
    """A date in ISO 8601, or in the form of e-mail and HTTP."""
    if not text:
        return None
    text = text.strip()
    if date := read_date(_COMPACT_ZONE.sub(r"\1:\2", text) if "T" in text else text, evidence):
        return date
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return PublicationDate(value=moment, precision="second", evidence=evidence)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _metas(tree: etree._Element) -> Iterator[str]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip().lower()
        if content := meta.get("content"):
            found.setdefault(name, content)
    yield from (found[name] for name in _META_NAMES if name in found)


def _times(tree: etree._Element) -> Iterator[str]:
    for time in tree.iter("time"):
        if (time.get("itemprop") or "").lower() == "datepublished" or time.get("pubdate") is not None:
            yield time.get("datetime") or ""


def _in_url(url: str) -> PublicationDate | None:
    found = _IN_URL.search(url)
    return read_date("-".join(found.groups()), "url") if found else None
