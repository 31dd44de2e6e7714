"""What a page says about its article in JSON-LD (schema.org), the most exact of its self-descriptions."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

# schema.org's Article and what is below it, as news pages use them.
_ARTICLE_TYPES = """
advertisercontentarticle analysisnewsarticle article askpublicnewsarticle backgroundnewsarticle blogposting liveblogposting
newsarticle opinionnewsarticle report reportagenewsarticle reviewnewsarticle satiricalarticle socialmediaposting
"""
_ARTICLES = frozenset(_ARTICLE_TYPES.split())
_MOST_BYTES = 2_000_000
_DEEPEST = 8
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/)\s*;?\s*$")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")

Article = Mapping[str, Any]


def article_of(tree: etree._Element) -> Article:
    """The first article that the page describes; empty when it describes none, or not in JSON."""
    return next(_articles(tree), {})


def text_of(article: Article, *names: str) -> str | None:
    """The first of these properties that is a text with something in it, without markup and entities."""
    for name in names:
        for value in _listed(article.get(name)):
            if isinstance(value, str) and (plain := plain_text(value)):
                return plain
    return None


def plain_text(value: str) -> str:
    """A text without tags, entities and halves of characters, on one line: publishers' systems leave all of these in JSON."""
    return " ".join(_SURROGATE.sub("\ufffd", _TAG.sub("", html.unescape(value))).split())


def names_of(value: Any) -> tuple[str, ...]:
    """The names of people or organisations, given as texts, objects, or lists of these."""
    names: list[str] = []
    for one in _listed(value):
        if isinstance(one, dict):
            names += names_of(one.get("name")) or names_of(" ".join(str(one.get(part) or "") for part in _NAME_PARTS))
        elif isinstance(one, str) and (name := plain_text(one)) and "://" not in name:
            names.append(name)
    return tuple(dict.fromkeys(names))


_NAME_PARTS = ("givenName", "additionalName", "familyName")


def url_of(value: Any) -> str | None:
    """The first address of what may be a text, an object with `url` or `@id`, or a list of these."""
    for one in _listed(value):
        if isinstance(one, dict):
            one = one.get("url") or one.get("contentUrl") or one.get("@id")
        if isinstance(one, str) and one.strip():
            return _SURROGATE.sub("\ufffd", one.strip())
    return None


def is_free(article: Article) -> bool | None:
    """What isAccessibleForFree says, of the article or of a part of it; None when nothing."""
    parts = [part for part in _listed(article.get("hasPart")) if isinstance(part, dict)]
    said = [_truth(each["isAccessibleForFree"]) for each in (article, *parts) if "isAccessibleForFree" in each]
    return False if False in said else True if True in said else None


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower().removeprefix("http://schema.org/").removeprefix("https://schema.org/")
    return {"true": True, "false": False}.get(word)


def _articles(tree: etree._Element) -> Iterator[Article]:
    for script in tree.iter("script"):
        if (script.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json":
            yield from _within(_parsed(script.text or ""), _DEEPEST)


def _parsed(text: str) -> Any:
    if len(text) > _MOST_BYTES:
        return None
    try:
        return json.loads(_WRAPPING.sub("", text), strict=False)  # line breaks inside of texts are common
    except (ValueError, RecursionError):
        return None


def _within(value: Any, depth: int) -> Iterator[Article]:
    """The articles in a document: itself, in lists, in @graph, or as a page's main entity."""
    for one in _listed(value):
        if not isinstance(one, dict) or depth == 0:
            continue
        kinds = {str(kind).rpartition("/")[2].lower() for kind in _listed(one.get("@type"))}
        if kinds & _ARTICLES:
            yield one
        for inner in ("@graph", "mainEntity"):
            yield from _within(one.get(inner), depth - 1)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
