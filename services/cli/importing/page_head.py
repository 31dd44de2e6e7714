"""What a page says about itself in its head, without parsing the page: canonical URL, title, date, language.

The enricher reads the whole page; here is only what makes the article's identity, or stands there plainly.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from schemas.identity import canonical_url
from schemas.publication_date import parse_moment

# Heads are some kilobytes; those with their styles inside are longer. Both bounds keep an attack below a second.
_HEAD_CHARACTERS, _TAG_CHARACTERS = 200_000, 3_000
_TAG = re.compile(r"<(!--|/?[a-z][a-z0-9]*)", re.IGNORECASE)
_INSIDE = re.compile(r"""(?:[^"'>]|"[^"]*"|'[^']*')*+(?=>)""")
_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "noscript", "template", "title")}
_ENDS["!--"] = re.compile("-->")
_ATTRIBUTE = re.compile(r"""([a-z_:][a-z0-9_:.-]{0,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_EDITIONS = ("www.", "m.", "mobile.", "amp.")

Attributes = dict[str, str]


def declared(html: str, url: str) -> dict[str, Any]:
    """The fields of a raw article that the page's head gives; what is missing or makes no sense isn't among them."""
    found: dict[str, Any] = {}
    base, stated = url, dict[str, str]()
    for name, attributes in _tags(html[:_HEAD_CHARACTERS]):
        match name:
            case "base" if base == url:
                base = _joined(url, attributes.get("href", "")) or url
            case "html":
                _keep(found, "language_hint", _language(attributes.get("lang", "")))
            case "link" if "canonical" in attributes.get("rel", "").lower().split():
                _keep(stated, "canonical", attributes.get("href"))
            case "meta":
                _keep(stated, attributes.get("property", "").lower(), attributes.get("content", "").strip())
    candidates = (own_canonical(_joined(base, stated.get(name, "")), url) for name in ("canonical", "og:url"))
    _keep(found, "canonical_url", next(filter(None, candidates), None))
    _keep(found, "title", stated.get("og:title"))
    _keep(found, "published_at", _moment(stated.get("article:published_time", "")))
    return found


def own_canonical(candidate: str, url: str) -> str | None:
    """The URL that the page names as its own, when it can be meant: on the same site, and not just the site's front page.

    The rule is the collector's (services/collector/canonical.py), so that an article has one id however it comes in: a site can't
    speak for another's articles, and broken templates name the front page on every page.
    """
    try:
        canonical_url(candidate)
        there, here = urlsplit(candidate), urlsplit(url)
    except ValueError:
        return None
    leads_home = there.path in ("", "/") and not there.query and here.path not in ("", "/")
    is_meant = there.scheme in ("http", "https") and _site(there.hostname) == _site(here.hostname) and not leads_home
    return candidate if is_meant else None


def _site(host: str | None) -> str:
    """The host without what marks a variant for telephones."""
    host = host or ""
    for prefix in _EDITIONS:
        host = host.removeprefix(prefix)
    return host


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference.strip()) if reference.strip() else ""
    except ValueError:
        return ""


def _tags(head: str) -> Iterator[tuple[str, Attributes]]:
    """The tags of the head in order, none from comments and scripts; linear, whatever is never closed."""
    place = 0
    while tag := _TAG.search(head, place):
        name, place = tag[1].lower(), tag.end()
        if name in ("body", "/head"):
            return
        if name in _ENDS:
            end = _ENDS[name].search(head, place)
            if end is None:
                return
            place = end.end()
        elif name in ("base", "html", "link", "meta"):
            inside = _INSIDE.match(head, place, place + _TAG_CHARACTERS)
            if inside is not None:
                yield name, _attributes(inside[0])
                place = inside.end()


def _attributes(inside: str) -> Attributes:
    found: Attributes = {}
    for name, double, single, bare in _ATTRIBUTE.findall(inside):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


def _keep(found: dict[str, Any], name: str, value: str | None) -> None:
    """The first that makes sense wins."""
    if value:
        found.setdefault(name, value)


def _language(tag: str) -> str | None:
    tag = tag.strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) and len(tag) <= 35 else None


def _moment(text: str) -> str | None:
    try:
        parse_moment(text)
    except ValueError:
        return None
    return text
