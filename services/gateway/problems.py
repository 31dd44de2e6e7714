"""Problem details (RFC 9457) for everything that isn't done: one form for every error, ours and the framework's."""

from collections.abc import Mapping

import orjson
from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import BAD_REQUEST, INTERNAL, KINDS, UNAVAILABLE, FieldError, Kind, Refused, Unconfirmed

MEDIA_TYPE = "application/problem+json"

# What type URIs begin with; they are names, nothing is to be fetched there.
TYPE_BASE = "https://newsloom.example/problems/"

_BY_STATUS = {kind.status: kind for kind in reversed(KINDS)}


class ProblemField(BaseModel):
    """A field that a problem is about."""

    field: str | None = Field(None, description='Path in the body, e.g. "url"; null when it is about the whole')
    reason: str = Field(description="One word, the class that a dead letter would have")
    detail: str = Field(description="A sentence without the field's value")


class Problem(BaseModel):
    """Why a request wasn't done (RFC 9457)."""

    type: str = Field(description=f"Name of the kind of problem, as a URI: {TYPE_BASE}…")
    title: str = Field(description="The kind in a few words, always the same for a type")
    status: int = Field(ge=400, le=599, description="The HTTP status")
    detail: str = Field(description="What is wrong with this request, and what to do")
    errors: list[ProblemField] = Field(default_factory=list, description="The fields that it is about")


def problem(kind: Kind, detail: str, errors: tuple[FieldError, ...] = (), headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says so."""
    document = {"type": TYPE_BASE + kind.slug, "title": kind.title, "status": kind.status, "detail": detail}
    listed = [{"field": each.field, "reason": each.reason, "detail": each.detail} for each in errors]
    body = orjson.dumps({**document, "errors": listed})
    return Response(body, kind.status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes the application answer every error with a problem."""
    app.add_exception_handler(Refused, _ours)
    app.add_exception_handler(Unconfirmed, _ours)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(Exception, _bug)


def problem_of(error: Refused | Unconfirmed) -> Response:
    """The answer to a request that was refused, or that Kafka didn't confirm."""
    if isinstance(error, Unconfirmed):
        return problem(UNAVAILABLE, str(error), (), {"Retry-After": str(error.retry_after_s)})
    return problem(error.kind, error.detail, error.errors, error.headers)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused | Unconfirmed)
    return problem_of(error)


def bug() -> Response:
    """The answer when nobody foresaw what happened."""
    return problem(INTERNAL, "this is a bug of the gateway; the article was not confirmed")


async def _bug(_request: Request, _error: Exception) -> Response:
    return bug()


async def _of_the_framework(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, BAD_REQUEST)
    return problem(kind, f"{kind.title}; /openapi.json says what there is", (), error.headers)
