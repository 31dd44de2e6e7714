"""A record of any of our topics as one JSON object (pure)."""

import base64
import contextlib
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_ENRICHED_DLQ, NEWS_RAW_DLQ, NEWS_TRENDS

if TYPE_CHECKING:
    from services.cli.reading import Fetched

_DEAD_LETTERS = (NEWS_RAW_DLQ.name, NEWS_ENRICHED_DLQ.name)


def json_line(record: "Fetched") -> dict[str, Any]:
    """The value itself where it is a JSON object; a withdrawal as its id; a dead letter as its headers, key and value.

    Bytes that are no text are in base64, under a name that says so.
    """
    if record.topic in _DEAD_LETTERS:
        return {**_letter(record), **as_json("key", record.key), **as_json("value", record.value)}
    if record.value is None:
        name = "key" if record.topic == NEWS_TRENDS.name else "article_id"
        return {name: (record.key or b"").decode("utf-8", "replace"), "withdrawn": True}
    with contextlib.suppress(orjson.JSONDecodeError):
        document = orjson.loads(record.value)
        if isinstance(document, dict):
            return document
    return {"unreadable": True, "partition": record.partition, "offset": record.offset, **as_json("value", record.value)}


def _letter(record: "Fetched") -> dict[str, Any]:
    try:
        return DeadLetter.from_headers(record.headers).model_dump(mode="json")
    except ValidationError:
        return {"unreadable": True, "partition": record.partition, "offset": record.offset}


def as_json(name: str, value: bytes | None) -> dict[str, str | None]:
    """The bytes under their name: as text, else in base64 under a name that says so."""
    if value is None:
        return {name: None}
    try:
        return {name: value.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode("ascii")}
