"""Bytes on a topic to contracts and back: strict about what makes an article, lenient about everything optional."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.contract import Contract
from schemas.enriched_article import EnrichedArticle, Warned
from schemas.raw_article import RawArticle

CONTENT_TYPE = "application/json"

# 10 MB of text and room for the rest; below the topic's 12 MB so that such a record reaches us and is answered.
MAX_BODY_BYTES = 11_000_000

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BODY = ("text", "html")
_MAX_WARNINGS = 50


class Undecodable(ValueError):
    """The bytes hold no article; `error_class` says why in one word, the message in a sentence without article text."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


@dataclass(frozen=True, slots=True)
class Decoded:
    """An article and what had to be set to null in it."""

    article: RawArticle
    warnings: tuple[Warned, ...] = ()


def decode_raw(value: bytes, max_body_bytes: int = MAX_BODY_BYTES) -> Decoded:
    """The article in a record's value; optional fields that are bad become null, each with a warning.

    Raises:
        Undecodable: class `empty_value`, `body_too_large`, `nul_byte`, `invalid_utf8`, `lone_surrogate`, `invalid_json`,
            `invalid_shape`, `invalid_url` or `no_content`.
    """
    document = parse_object(value, max_body_bytes)
    if not isinstance(document.get("url"), str) or not document["url"].strip():
        raise Undecodable("invalid_url", "url is missing or no string")
    if all(document.get(name) is None for name in _BODY):
        raise Undecodable("no_content", "neither text nor html")
    decoded = _validate(document)
    article = decoded.article
    if article.text is None and article.html is None:
        raise Undecodable("invalid_shape", "neither text nor html is a string")
    if "\0" in (article.text or "") or "\0" in (article.html or ""):
        raise Undecodable("nul_byte", "the text has a NUL character")
    return decoded


def parse_object(value: bytes, max_body_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object in the bytes.

    Raises:
        Undecodable: it holds none.
    """
    if not value.strip():
        raise Undecodable("empty_value", "the value is empty")
    if len(value) > max_body_bytes:
        raise Undecodable("body_too_large", f"the value has {len(value)} bytes, over the limit of {max_body_bytes}")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _why_not_json(value, error.pos) from None
    if not isinstance(document, dict):
        raise Undecodable("invalid_shape", "not a JSON object")
    return document


def encode(record: Contract) -> bytes:
    """The record as JSON in UTF-8, without fields that are null."""
    # What model_dump_json does, but for its way through a str and back.
    return record.__pydantic_serializer__.to_json(record, exclude_none=True)


def decode_enriched(value: bytes) -> EnrichedArticle:
    """The enriched article in a record's value; raises pydantic.ValidationError (a ValueError) when it holds none."""
    return EnrichedArticle.model_validate_json(value)


def moment_of(timestamp_ms: int) -> datetime:
    """A record's timestamp (milliseconds since 1970, UTC) as an aware datetime; the epoch when out of range."""
    return datetime.fromtimestamp(max(timestamp_ms, 0) / 1000, tz=UTC)


def _why_not_json(value: bytes, position: int) -> Undecodable:
    """What is wrong with bytes that orjson refuses; it refuses whatever is no UTF-8 and any NUL byte."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as error:
        return Undecodable("invalid_utf8", f"byte {error.start} is not UTF-8")
    if b"\0" in value:
        return Undecodable("nul_byte", f"byte {value.index(0)} is NUL")
    if _has_lone_surrogate(value):
        return Undecodable("lone_surrogate", "an escape is half of a surrogate pair")
    return Undecodable("invalid_json", f"not JSON at character {position}")


def _has_lone_surrogate(value: bytes) -> bool:
    """Whether the document would be JSON but for a surrogate escape without its other half."""
    if not _SURROGATE_ESCAPE.search(value):
        return False
    try:
        json.dumps(json.loads(value), ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _validate(document: dict[str, Any]) -> Decoded:
    """Validates, taking out bad optional fields until the rest is right."""
    warnings: list[Warned] = []
    while True:
        try:
            return Decoded(RawArticle.model_validate(document), tuple(warnings[:_MAX_WARNINGS]))
        except ValidationError as error:
            # Backwards, so that taking an item out of a list doesn't move the ones still to be taken out.
            for problem in reversed(error.errors(include_url=False, include_input=False, include_context=False)):
                path = _removable(document, problem["loc"])
                if path is None:
                    continue
                if path == ("url",):
                    raise Undecodable("invalid_url", f"url: {problem['msg']}") from None
                _remove(document, path)
                warnings.append(Warned(field=".".join(map(str, path)), reason=problem["msg"]))


def _removable(document: Any, location: Sequence[str | int]) -> tuple[str | int, ...] | None:
    """The longest beginning of an error's location that is really in the document; None when an earlier removal took it."""
    path: list[str | int] = []
    for part in location:
        if not _holds(document, part):
            break
        document = document[part]
        path.append(part)
    return tuple(path) or None


def _holds(document: Any, part: str | int) -> bool:
    if isinstance(document, list):
        return isinstance(part, int) and part < len(document)
    return isinstance(document, dict) and part in document


def _remove(document: Any, path: Sequence[str | int]) -> None:
    for part in path[:-1]:
        document = document[part]
    del document[path[-1]]
