"""What labels mean which IPTC Media Topic: its code, its name, or how common corpora call it."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from schemas.media_topics import MEDIA_TOPICS

# SIB-200 and MasakhaNEWS. Travel is leisure there; geography is rivers, mountains and climate, none of the topics quite.
_CORPUS_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "business": "medtop:04000000",
        "entertainment": "medtop:01000000",
        "geography": "medtop:06000000",
        "health": "medtop:07000000",
        "politics": "medtop:11000000",
        "religion": "medtop:12000000",
        "science/technology": "medtop:13000000",
        "sports": "medtop:15000000",
        "technology": "medtop:13000000",
        "travel": "medtop:10000000",
    }
)
_NAMES: Mapping[str, str] = MappingProxyType({name: code for code, name in MEDIA_TOPICS.items()} | dict(_CORPUS_LABELS))
_CODE = re.compile(r"(?:medtop:)?(\d{2})(?:000000)?")


def topic_of(label: str) -> str | None:
    """The QCode that "medtop:11000000", "11000000", "11" or a name means; None when it means none of the 17."""
    found = _CODE.fullmatch(label.strip())
    code = f"medtop:{found[1]}000000" if found else _NAMES.get(label.strip().casefold())
    return code if code in MEDIA_TOPICS else None
