"""The formats of input files, and which suffix means which."""

from enum import StrEnum
from pathlib import PurePath


class Format(StrEnum):
    """How a file is to be read."""

    AUTO = "auto"
    JSONL = "jsonl"
    JSON = "json"
    TEXT = "text"
    HTML = "html"


_FORMAT_OF_SUFFIX = {
    **dict.fromkeys((".jsonl", ".ndjson"), Format.JSONL),
    ".json": Format.JSON,
    **dict.fromkeys((".txt", ".text", ".md"), Format.TEXT),
    **dict.fromkeys((".html", ".htm", ".xhtml"), Format.HTML),
}


def format_of(name: str, wanted: Format) -> Format:
    """The wanted format, else what the file's suffix says; AUTO when it says nothing."""
    return wanted if wanted is not Format.AUTO else _FORMAT_OF_SUFFIX.get(PurePath(name).suffix.lower(), Format.AUTO)
