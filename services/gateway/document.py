"""The OpenAPI 3.1 document: what FastAPI can't see in the routes is said here."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from schemas.raw_article import RawArticle
from services.gateway import errors
from services.gateway.answers import BatchAnswer, Pushed, Withdrawn
from services.gateway.caller import ARTICLE_ID, DRY_RUN
from services.gateway.errors import Kind
from services.gateway.idempotency import HEADER, PATTERN
from services.gateway.problems import MEDIA_TYPE, Problem

TITLE = "Newsloom gateway"
DESCRIPTION = (
    "Hands raw news articles in any language to Newsloom. An article that was answered 202 is on the Kafka topic news.raw, "
    "confirmed by every in-sync replica. Only `url` and one of `text` and `html` are required; a bad optional field never costs "
    "the article: it is left out, and `warnings` says so."
)
_SECURITY = "key"
_REFERENCE = "#/components/schemas/"
_INTEGER = {"type": "integer", "minimum": 1}
_RETRY = {"Retry-After": {"description": "When to try again, in seconds", "schema": _INTEGER}}
_COMPRESSED = "The body may be compressed: `Content-Encoding: gzip` or `zstd`. Limits count what it grows to."


def _problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The responses for these kinds of problem."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        titles = f"{found[kind.status]['description']}; {kind.title}" if kind.status in found else kind.title
        content = {MEDIA_TYPE: {"schema": {"$ref": f"{_REFERENCE}{Problem.__name__}"}}}
        found[kind.status] = {"description": titles, "content": content}
        if kind.status in (409, 429, 503):
            found[kind.status]["headers"] = _RETRY
    return found


_ANY = (errors.BAD_REQUEST, errors.UNAUTHENTICATED, errors.MISDIRECTED, errors.TOO_MANY_REQUESTS, errors.INTERNAL)
_BODY = (errors.TIMED_OUT, errors.TOO_LARGE, errors.UNSUPPORTED)
_TAKING = (errors.IN_PROGRESS, errors.INVALID, errors.KEY_REUSED, errors.QUOTA_USED_UP, errors.UNAVAILABLE)


def _schema(model: type) -> dict[str, Any]:
    return {"schema": {"$ref": f"{_REFERENCE}{model.__name__}"}}


def _body(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "description": _COMPRESSED, "content": dict(content)}}


_ARTICLE = _schema(RawArticle)
_ARTICLES = {"schema": {"type": "array", "items": _ARTICLE["schema"]}}
_LINES = {"schema": {"type": "string", "description": "One article as JSON on each line"}}
_SECURED: dict[str, Any] = {"security": [{_SECURITY: []}, {}]}

_DRY_RUN = {
    "name": DRY_RUN,
    "in": "query",
    "schema": {"type": "boolean", "default": False},
    "description": "Judge and answer, but publish nothing",
}
_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "schema": {"type": "string", "pattern": PATTERN},
    "description": "The same key with the same body gets the first answer again; see docs/gateway.md for how long",
}
_ARTICLE_ID = {
    "name": ARTICLE_ID,
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "description": "As it was answered when the article was pushed: UUIDv5 of the canonical URL",
}

PUSH: dict[str, Any] = {
    "summary": "Push an article",
    "status_code": 202,
    "response_model": Pushed,
    "responses": {200: {"model": Pushed, "description": "What would be done (dry run)"}, **_problems(*_ANY, *_BODY, *_TAKING)},
    "openapi_extra": {**_body({"application/json": _ARTICLE}), "parameters": [_DRY_RUN, _IDEMPOTENCY_KEY], **_SECURED},
}
WITHDRAW: dict[str, Any] = {
    "summary": "Withdraw an article",
    "status_code": 202,
    "response_model": Withdrawn,
    "responses": {
        200: {"model": Withdrawn, "description": "What would be done (dry run)"},
        **_problems(*_ANY, errors.FORBIDDEN, *_TAKING),
    },
    "openapi_extra": {"parameters": [_ARTICLE_ID, _DRY_RUN, _IDEMPOTENCY_KEY], **_SECURED},
}
BATCH: dict[str, Any] = {
    "summary": "Push many articles",
    "response_model": BatchAnswer,
    "responses": _problems(*_ANY, *_BODY, *_TAKING),
    "openapi_extra": {
        **_body({"application/json": _ARTICLES, "application/x-ndjson": _LINES}),
        "parameters": [_DRY_RUN, _IDEMPOTENCY_KEY],
        **_SECURED,
    },
}
_STATE = {"type": "object", "description": "The reasons, for an operator"}
HEALTH: dict[str, Any] = {
    "responses": {
        200: {"description": "Yes", "content": {"application/json": {"schema": _STATE}}},
        503: {"description": "No", "content": {"application/json": {"schema": _STATE}}},
        **_problems(errors.INTERNAL),
    },
}
METRICS: dict[str, Any] = {
    "responses": {
        200: {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **_problems(*_ANY),
    },
    "openapi_extra": _SECURED,
}


# The ASCII form of what surely is taken; others that have a canonical form are taken too (schemas/identity.py).
_PLAIN_URL = (
    r"^(https?://[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]+)*(:[0-9]{1,4})?(/[A-Za-z0-9._~/-]*)?"
    r"|file:///[A-Za-z0-9._~/-]+|urn:[A-Za-z0-9]+:[A-Za-z0-9._~:/-]+)$"
)
# Something that isn't blank, and no NUL.
_CONTENT = {"type": "string", "pattern": r"^[^\u0000]*[^\u0000\s][^\u0000]*$"}


def _say_what_is_required(article: dict[str, Any]) -> None:
    """The two rules of an article that its model alone can't tell."""
    url = article["properties"]["url"]
    del url["type"]
    url["anyOf"] = [{"type": "string", "pattern": _PLAIN_URL}, {"type": "string", "format": "iri"}]
    article["anyOf"] = [{"required": [name], "properties": {name: _CONTENT}} for name in ("text", "html")]


def describe(app: FastAPI, public_url: str = "") -> None:
    """Makes /openapi.json complete: request bodies, problems, keys."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, public_url)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, public_url: str) -> dict[str, Any]:
    made = get_openapi(
        title=TITLE,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        servers=[{"url": public_url}] if public_url else None,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for model in (RawArticle, Problem):
        found = model.model_json_schema(ref_template=_REFERENCE + "{model}", mode="validation")
        schemas.update(found.pop("$defs", {}))
        schemas[model.__name__] = found
    _say_what_is_required(schemas[RawArticle.__name__])
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {_SECURITY: {"type": "http", "scheme": "bearer", "description": "An API key"}}
    return made
