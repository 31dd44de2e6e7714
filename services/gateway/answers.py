"""What the gateway answers, as the OpenAPI document describes it, and the bytes of it."""

from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field

from schemas.enriched_article import Warned
from services.gateway.door import Receipt
from services.gateway.errors import FieldError
from services.gateway.intake import Taken

_ID = Field(description="UUIDv5 of the canonical URL; the article's key on every topic")
_REVISION = Field(ge=0, description="0 is the first; counts up when the content changes")


class Warning(BaseModel):
    """An optional field that was bad and was left out."""

    field: str = Field(description='Path, e.g. "source.country"')
    reason: str = Field(description="What was wrong, without the value")


class Pushed(BaseModel):
    """The article is on news.raw, confirmed by every in-sync replica."""

    status: Literal["accepted", "duplicate"] = Field(
        description="accepted: it was published; duplicate: it was there already with the same content, and isn't published again"
    )
    article_id: str = _ID
    revision: int = _REVISION
    dry_run: bool = Field(description="Whether nothing was done, and this is only what would have been")
    warnings: list[Warning] = Field(description="Optional fields that were bad and were left out")


class Withdrawn(BaseModel):
    """The article's tombstone is on news.raw, confirmed by every in-sync replica."""

    status: Literal["accepted", "duplicate"] = Field(description="duplicate: it was withdrawn already")
    article_id: str = _ID
    revision: int = Field(ge=0, description="The last revision that is known of it; 0 when none is")
    dry_run: bool = Field(description="Whether nothing was done, and this is only what would have been")


class Line(BaseModel):
    """What became of one article of a batch."""

    line: int = Field(ge=1, description="Its line, or its place in the array, from 1")
    status: Literal["accepted", "duplicate", "rejected"] = Field(description="rejected ones don't get in unchanged")
    article_id: str | None = Field(None, description="Its id; absent when it was rejected")
    revision: int | None = Field(None, ge=0, description="Its revision; absent when it was rejected")
    warnings: list[Warning] | None = Field(None, description="Optional fields that were bad and were left out; absent when none")
    field: str | None = Field(None, description="The field that is wrong; absent when it isn't about one")
    reason: str | None = Field(None, description="One word, the class that a dead letter would have; only when it was rejected")
    detail: str | None = Field(None, description="A sentence without the field's value; only when it was rejected")


class BatchAnswer(BaseModel):
    """What became of each article of a batch."""

    accepted: int = Field(ge=0, description="How many were published")
    duplicate: int = Field(ge=0, description="How many were there already")
    rejected: int = Field(ge=0, description="How many were not taken")
    dry_run: bool = Field(description="Whether nothing was done, and this is only what would have been")
    results: list[Line] = Field(description="One for each article, in order")


def pushed(taken: Taken, dry_run: bool) -> bytes:
    """A `Pushed` as JSON."""
    return orjson.dumps({**_receipt(taken.receipt), "dry_run": dry_run, "warnings": _warnings(taken.warnings)})


def withdrawn(receipt: Receipt, dry_run: bool) -> bytes:
    """A `Withdrawn` as JSON."""
    return orjson.dumps({**_receipt(receipt), "dry_run": dry_run})


def line(number: int, taken: Taken) -> bytes:
    """A `Line` as JSON, of an article that was taken."""
    found: dict[str, Any] = {"line": number, **_receipt(taken.receipt)}
    return orjson.dumps(found | {"warnings": _warnings(taken.warnings)} if taken.warnings else found)


def rejected_line(number: int, error: FieldError) -> bytes:
    """A `Line` as JSON, of an article that was rejected."""
    found = {"line": number, "status": "rejected", "reason": error.reason, "detail": error.detail}
    return orjson.dumps(found | {"field": error.field} if error.field else found)


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {"status": receipt.status, "article_id": receipt.article_id, "revision": receipt.revision}


def _warnings(warnings: tuple[Warned, ...]) -> list[dict[str, str]]:
    return [{"field": each.field, "reason": each.reason} for each in warnings]
