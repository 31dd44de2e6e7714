"""What the HTTP API answers, beside the naive recount: the most mentioned of every kind over a day."""

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import httpx

from schemas.publication_date import parse_moment
from tests.trends.recount import Numbers, Recount, Window, mean

KINDS = ("entity", "language", "country", "topic")

_ROWS = 100

Thing = tuple[str, str]
"""Type and name; all languages together."""


async def answer_differences(url: str, recount: Recount, copies: Collection[str]) -> AsyncIterator[str]:
    """One line for every row of an answer that is off."""
    numbers = recount.numbers(copies)
    async with httpx.AsyncClient(timeout=30) as client:
        for kind in KINDS:
            asked = {"kind": kind, "window": "24h", "order": "mentions", "limit": str(_ROWS)}
            answer = (await client.get(f"{url}/trends", params=asked)).raise_for_status().json()
            for line in _differences(answer, kind, numbers):
                yield f"api: {kind}: {line}"


def _differences(answer: Mapping[str, Any], kind: str, numbers: Mapping[Window, Numbers]) -> list[str]:
    start_s, end_s = (int(parse_moment(answer["window"][name]).timestamp()) for name in ("start", "end"))
    expected = _summed(numbers, kind, start_s, end_s)
    most = sorted((each.originals + each.duplicates for each in expected.values()), reverse=True)[:_ROWS]
    lines = ["the answer is partial"] if answer["partial"] else []
    shown = [row["originals"] + row["duplicates"] for row in answer["trends"]]
    if shown != most:
        lines.append(f"the most mentioned have {shown[:10]}, not {most[:10]}")
    for row in answer["trends"]:
        should, is_so = _row(expected.get((row["type"] or "", row["name"]), Numbers())), _said(row)
        if should[:3] != is_so[:3] or (row["sources_complete"] and should != is_so):
            lines.append(f"{row['name']} has {is_so}, not {should}")
    return lines


def _summed(numbers: Mapping[Window, Numbers], kind: str, start_s: int, end_s: int) -> dict[Thing, Numbers]:
    found: dict[Thing, Numbers] = {}
    for (key, at_s), each in numbers.items():
        if key.kind == kind and start_s <= at_s < end_s:
            total = found.setdefault((key.type, key.name), Numbers())
            total.originals += each.originals
            total.duplicates += each.duplicates
            total.sentiment += each.sentiment
            total.scored += each.scored
            total.sources |= each.sources
    return found


def _row(numbers: Numbers) -> tuple[int, int, float | None, int]:
    return numbers.originals, numbers.duplicates, mean(numbers), len(numbers.sources)


def _said(row: Mapping[str, Any]) -> tuple[int, int, float | None, int]:
    return row["originals"], row["duplicates"], row.get("sentiment"), row["sources"]
