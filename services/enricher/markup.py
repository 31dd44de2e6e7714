"""Takes markup away: the article of a web page, or the plain text of a string in which some tags were left.

The extraction is trafilatura's, with fixed settings; the page's text is put together here, so that paragraphs, lists and
tables keep their form.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from types import MappingProxyType
from typing import Any

from services.enricher.clean_text import remove_invisible

# News pages have some hundreds to five thousand tags. Extraction takes up to 80 µs a tag; a page far outside, such as an
# archive's index or an attack, only loses its tags.
MAX_EXTRACTED_TAGS = 30_000
MAX_EXTRACTED_CODE_POINTS = 5_000_000

_BLOCKS = """
address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
header hr html main nav ol p pre section summary table tbody tfoot thead ul
"""
_LINES = frozenset(("br", "caption", "li", "option", "tr"))
_CELLS = "td th"
_UNSEEN = "head script style title"
_INLINE = """
a abbr acronym area audio b base bdi bdo big button canvas cite code col colgroup data del dfn em embed font i iframe img input
ins kbd label legend link map mark meta meter noscript object picture progress q rb rp rt rtc ruby s samp select small source span
strike strong sub sup svg template textarea time track tt u var video wbr
"""
_BREAK_AT: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(_BLOCKS.split(), "\n\n")
    | dict.fromkeys(_LINES, "\n")
    | dict.fromkeys(_CELLS.split(), " ")
    | dict.fromkeys(f"{_INLINE} {_UNSEEN}".split(), "")
)
_BREAKS_IN_EXTRACTED = frozenset(("head", "item", "lb", "list", "p", "quote", "row"))

# No part of the pattern runs across a "<", so that the search is linear even when nothing is ever closed.
_TAG = re.compile(
    r"""<(?:!--|!doctype\s[^<>]*>|(/?)([a-z][a-z0-9]*)(?:/?|[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*|[\s/][^<>]*)>)""", re.IGNORECASE
)
_UNSEEN_END = re.compile(r"</(head|script|style|title)\b", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Page:
    """What a web page says, not yet cleaned: its headline and its article."""

    title: str | None
    text: str


def without_markup(text: str) -> str:
    """The text without its tags and with entities resolved, when there are real tags in it; else the text as it is."""
    return strip_tags(text) if any(map(_is_left_over, _TAG.finditer(text))) else text


def strip_tags(markup: str) -> str:
    """Everything that a page shows: no tags, comments, scripts or head; blocks become paragraphs, entities characters."""
    return unescape("".join(_visible(markup)))


def read_page(extract: Callable[[str], Page], html: str) -> Page:
    """The article of a page; all that the page shows when no article is found in it."""
    html = remove_invisible(html)
    small = len(html) <= MAX_EXTRACTED_CODE_POINTS and html.count("<") <= MAX_EXTRACTED_TAGS
    page = extract(html) if small else Page(None, "")
    return page if page.text.strip() else Page(page.title, strip_tags(html))


def load_extractor() -> Callable[[str], Page]:
    """The function that finds a page's title and article; the text is empty when the page can't be parsed."""
    import logging

    from trafilatura import bare_extraction, load_html

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs what a page without an article is like

    def extract(html: str) -> Page:
        tree = load_html(html)
        if tree is None:
            return Page(None, "")
        title = _headline(tree)
        document: Any = bare_extraction(tree, include_comments=False, include_tables=True, favor_recall=True)
        return Page(title, "\n\n".join(_blocks(document.body)) if document else "")

    return extract


def _is_left_over(tag: re.Match[str]) -> bool:
    """Whether it is markup that someone left; one name in angle brackets may be meant as it stands ("the <b> tag")."""
    name = (tag[2] or "").lower()
    return not name or (name in _BREAK_AT and (tag[1] == "/" or name in ("br", "hr", "p") or "=" in tag[0]))


def _visible(markup: str) -> Iterator[str]:
    """The pieces of text between the tags, with breaks for the tags."""
    last_closing = {found[1].lower(): found.start() for found in _UNSEEN_END.finditer(markup)}
    last_comment_end = markup.rfind("-->")
    place, unseen = 0, None
    for tag in _TAG.finditer(markup):
        closing, name = tag[1] == "/", (tag[2] or "").lower()
        if tag.start() < place or (name and name not in _BREAK_AT):
            continue  # inside a comment, or something in angle brackets that is no tag
        if unseen is None:
            yield markup[place : tag.start()]
            yield "" if closing and name in _LINES else _BREAK_AT.get(name, "")
        place = tag.end()
        if tag[0] == "<!--" and last_comment_end >= place:
            place = markup.index("-->", place) + 3
        elif unseen is None and not closing and last_closing.get(name, -1) >= place:
            unseen = name
        elif closing and name == unseen:
            unseen = None
    if unseen is None:
        yield markup[place:]


def _headline(tree: Any) -> str | None:
    """What the page declares as its title, else its only main heading, else the browser's title."""
    declared = [meta.get("content") for meta in tree.iterfind(".//meta[@property='og:title']")]
    headings = ["".join(heading.itertext()) for heading in tree.iterfind(".//h1")]
    shown = ["".join(title.itertext()) for title in tree.iterfind(".//head/title")]
    candidates = (*declared[:1], *(headings if len(headings) == 1 else ()), *shown[:1])
    return next((title for title in candidates if title and title.strip()), None)


def _blocks(element: Any) -> Iterator[str]:
    """The paragraphs, lists and tables of an extracted body, one string each."""
    if element.tag == "table":
        yield "\n".join(_row(row) for row in element.iter("row"))
    elif element.tag == "list":
        yield "\n".join(_inline(item).strip() for item in element)
    elif element.tag in ("body", "quote", "div"):
        yield element.text or ""
        for child in element:
            yield from _blocks(child)
            yield child.tail or ""
    else:
        yield _inline(element)


def _row(row: Any) -> str:
    return " | ".join(" ".join(_inline(cell).split()) for cell in row.iter("cell"))


def _inline(element: Any) -> str:
    """An element's text, on one line but for its own line breaks."""
    inside = "".join(_inline(child) + _SPACES.sub(" ", child.tail or "") for child in element)
    return ("\n" if element.tag in _BREAKS_IN_EXTRACTED else "") + _SPACES.sub(" ", element.text or "") + inside
