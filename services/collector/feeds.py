"""RSS, Atom and JSON feeds."""

import calendar
import io
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import feedparser
import orjson

from schemas.publication_date import PublicationDate
from services.collector.charset import decode
from services.collector.errors import Unreadable
from services.collector.fetch import Answer
from services.collector.listing import Entry, Listing, absolute, read_date
from services.collector.safe_xml import harmless

# feedparser takes seconds for more; no feed that we know of comes near.
MAX_FEED_BYTES = 10_000_000

# feedparser's parser for broken feeds takes time with the square of the elements that were never closed: 0.4 s for these.
MAX_UNCLOSED = 20_000

_MINUTE_S = 60.0
_PERIODS_S = {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0}


def read_feed(answer: Answer, max_entries: int) -> Listing:
    """The entries of a feed in RSS, RDF or Atom.

    Raises:
        Unreadable: no feed.
    """
    if len(answer.body) > MAX_FEED_BYTES:
        raise Unreadable(f"a feed of more than {MAX_FEED_BYTES:,} bytes")
    text = harmless(answer.body, answer.charset)
    if text.count("<") - 2 * text.count("</") - text.count("/>") > MAX_UNCLOSED:
        raise Unreadable(f"over {MAX_UNCLOSED:,} elements that are never closed")
    feed = _parsed(text, answer.url)
    if not feed.version and not feed.entries:
        raise Unreadable("neither RSS nor Atom")
    entries = tuple(_entries(feed.entries[:max_entries], answer.url))
    return Listing(pages=entries, least_interval_s=_least_interval_s(feed.feed))


def _parsed(text: str, url: str) -> Any:
    """feedparser's reading of it; raises Unreadable where feedparser itself stumbles."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            # As a stream: a string would be taken for an address to fetch or a file to open.
            return feedparser.parse(
                io.BytesIO(text.encode("utf-8", "replace")),
                response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
                sanitize_html=False,
            )
        except (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise Unreadable(f"the feed can't be parsed: {type(error).__name__}") from error


def read_json_feed(answer: Answer, max_entries: int) -> Listing:
    """The entries of a JSON feed (jsonfeed.org, version 1 and 1.1).

    Raises:
        Unreadable: no JSON feed.
    """
    try:
        document = orjson.loads(decode(answer.body, answer.charset))
    except ValueError as error:
        raise Unreadable(f"no JSON: {error}") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise Unreadable("JSON without a list of items")
    return Listing(pages=tuple(_json_items(items[:max_entries], answer.url)))


def _entries(entries: list[Any], base: str) -> Iterator[Entry]:
    for entry in entries:
        # RSS: the guid is an address unless it says that it isn't one; feedparser puts it into link then.
        if link := (entry.get("feedburner_origlink") or entry.get("link")):
            yield Entry(
                url=absolute(base, str(link)),
                title=entry.get("title") or None,
                published=_moment(entry.get("published_parsed")),
                modified=_moment(entry.get("updated_parsed")) if "updated" in entry else None,
            )


def _json_items(items: list[Any], base: str) -> Iterator[Entry]:
    for item in items:
        link = (item.get("url") or item.get("external_url")) if isinstance(item, dict) else None
        if isinstance(link, str) and link.strip():
            title, published, modified = (item.get(name) for name in ("title", "date_published", "date_modified"))
            yield Entry(
                url=absolute(base, link),
                title=title if isinstance(title, str) and title else None,
                published=read_date(published, "feed") if isinstance(published, str) else None,
                modified=read_date(modified, "feed") if isinstance(modified, str) else None,
            )


def _moment(parsed: time.struct_time | None) -> PublicationDate | None:
    """What feedparser read, which is in UTC."""
    if parsed is None:
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
        return PublicationDate(value=moment, precision="second", evidence="feed")
    except (ValueError, OverflowError, OSError):
        return None


def _least_interval_s(feed: Any) -> float:
    """What `ttl` (minutes) or the syndication module asks for."""
    ttl = str(feed.get("ttl", ""))
    if ttl.isascii() and ttl.isdigit():
        return float(ttl[:6]) * _MINUTE_S
    period = _PERIODS_S.get(str(feed.get("sy_updateperiod", "")).strip().lower(), 0.0)
    frequency = str(feed.get("sy_updatefrequency", "1"))
    return period / max(int(frequency[:4]), 1) if frequency.isascii() and frequency.isdigit() else period
