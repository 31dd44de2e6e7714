"""Rows of the trends API, made up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from schemas.trend import Burst
from services.trends.answer import LanguageShare, Row

NOW_S = int(datetime(2023, 9, 19, 13, 42, 10, tzinfo=UTC).timestamp())


def a_burst(score: float = 0.5, observed: int = 3, rising: bool = False) -> Burst:
    return Burst(score=score, expected=1.25, observed=observed, rising=rising, method="freeman-tukey", version="1")


def a_row(name: str = "kisumu", score: float = 0.5, originals: int = 3, duplicates: int = 0, **changes: Any) -> Row:
    shares: Sequence[tuple[str, int]] = changes.pop("languages", (("en", originals + duplicates),))
    fields: dict[str, Any] = {
        "kind": "entity",
        "type": "LOC",
        "name": name,
        "label": name.title(),
        "languages": tuple(LanguageShare(tag=tag, mentions=mentions) for tag, mentions in shares),
        "language": shares[0][0] if len(shares) == 1 else None,
        "originals": originals,
        "duplicates": duplicates,
        "sources": 2,
        "sources_complete": True,
        "sentiment": -0.4173,
        "first_seen": datetime(2023, 9, 18, tzinfo=UTC),
        "burst": a_burst(score, originals + duplicates),
        "sparkline": (0,) * 23 + (originals + duplicates,),
    }
    return Row(**{**fields, **changes})
