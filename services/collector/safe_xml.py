"""XML from strangers: no entities, no document types, no network, bounded depth and size."""

import re

from lxml import etree

from services.collector.charset import decode
from services.collector.errors import Unreadable

_PROLOG = re.compile(r"\A\ufeff?\s*(?:<\?xml[^>]*\?>)?")
_FIRST_ELEMENT = re.compile(r"<[A-Za-z_:\u0080-\U0010ffff]")
_DOCTYPE = re.compile(r"<!DOCTYPE[^<>\[]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
# References to characters by number, for those that are none: halves of surrogate pairs, over which parsers stumble.
_REFERENCE = re.compile(r"&#(?:x0*(d[89a-f][0-9a-f]{2})|0*(5[567]\d{3}));", re.IGNORECASE)
_SURROGATES = range(0xD800, 0xE000)


def harmless(body: bytes, charset: str | None) -> str:
    """The document as text without XML declaration and document type.

    Raises:
        Unreadable: it declares entities, which no feed needs and which are how XML explodes or reads files.
    """
    text = _PROLOG.sub("", decode(body, charset), count=1)
    start = _FIRST_ELEMENT.search(text)
    if start is None:
        raise Unreadable("no XML: it has no element")
    head, rest = text[: start.start()], text[start.start() :]
    if "<!entity" in text.lower():
        raise Unreadable("XML that declares entities isn't read")
    return _REFERENCE.sub(_a_character, _DOCTYPE.sub("", head) + rest)


def _a_character(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return "\ufffd" if number in _SURROGATES else found[0]


def parse_xml(body: bytes, charset: str | None) -> etree._Element:
    """The root element; small mistakes are read over.

    Raises:
        Unreadable: no XML, or it declares entities.
    """
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, dtd_validation=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(harmless(body, charset).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"no XML: {error}") from error
    if root is None:
        raise Unreadable("no XML: nothing in it can be read")
    return root
