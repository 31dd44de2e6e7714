"""Annotated texts as a test writes them: names in brackets behind their type."""

import re
from typing import Any

from services.enricher.training.annotated import Annotated, Name

_NAME = re.compile(r"\[(?P<type>PER|ORG|LOC|MISC) (?P<surface>[^\]]+)\]")


def marked(language: str, text: str, prefix: int = 0, stance: int = 1, **fields: Any) -> Annotated:
    """ "[PER Žofie] in [LOC Baku]" as a text with two names; all of them get the same prefix and stance."""
    plain, names, end = "", [], 0
    for found in _NAME.finditer(text):
        plain += text[end : found.start()]
        names.append(Name(len(plain), len(plain) + len(found["surface"]), found["type"], stance, prefix))
        plain += found["surface"]
        end = found.end()
    return Annotated("test", language, plain + text[end:], tuple(names), **fields)


def surfaces(text: Annotated) -> list[tuple[str, str]]:
    """The names of a text as they stand there, with their types."""
    return [(text.text[name.start : name.end], name.type) for name in text.names or ()]
