"""The text of what trafilatura found, taken from its tree.

Its own text output drops the zero-width non-joiner, without which Persian, Urdu and others are misspelt.
"""

import unicodedata
from collections.abc import Iterator

from lxml import etree

# trafilatura's names: what begins and ends a paragraph. A table's row is one line, whatever is in its cells.
_BREAKING = frozenset(("body", "code", "div", "head", "item", "lb", "list", "p", "quote", "row", "table"))
_CELL_END = " | "


def text_of_body(body: etree._Element, title: str | None) -> str:
    """A paragraph, list item or table row a line, empty lines between them, in NFC; without the headline at its beginning."""
    text = unicodedata.normalize("NFC", "".join(_pieces(body)))
    lines = [line for raw in text.split("\n") if (line := " ".join(raw.split()).removesuffix(_CELL_END.rstrip()).rstrip())]
    headline = " ".join(unicodedata.normalize("NFC", title or "").split()).casefold()
    return "\n\n".join(lines[1:] if lines and lines[0].casefold() == headline else lines)


def _pieces(body: etree._Element) -> Iterator[str]:
    """The texts in order, with a line break wherever a paragraph begins or ends."""
    in_row = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        in_row += (event == "start") - (event == "end") if tag == "row" else 0
        if tag in _BREAKING:
            yield " " if in_row and tag != "row" else "\n"
        if event == "start":
            yield _one_line(element.text)
        else:
            yield _CELL_END if tag == "cell" else ""
            yield _one_line(element.tail) if element is not body else ""


def _one_line(text: str | None) -> str:
    """Line breaks inside of a text are where its author's editor wrapped it."""
    return (text or "").replace("\r", " ").replace("\n", " ")
