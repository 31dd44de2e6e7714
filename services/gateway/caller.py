"""Who asks, and how: a request's key, trace and parameters."""

import re
import uuid
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from services.gateway.door import Pusher
from services.gateway.errors import INVALID, FieldError, Refused
from services.gateway.idempotency import HEADER, PATTERN
from services.gateway.keys import Key
from services.gateway.limits import Limits
from services.runtime.records import Headers

DRY_RUN = "dry_run"
ARTICLE_ID = "article_id"

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_IDEMPOTENCY_KEY = re.compile(PATTERN)
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and how."""

    key: Key
    pusher: Pusher
    dry_run: bool = False
    idempotency_key: str | None = None
    """None also in a dry run, which there is nothing to repeat of."""


def caller(request: Request, key: Key, limits: Limits) -> Caller:
    """The request's caller, with the trace that it belongs to (W3C Trace Context) when it names one.

    Raises:
        Refused: 422 a parameter is wrong.
    """
    trace: Headers = ()
    given = request.headers.get("traceparent")
    if given is not None and _TRACEPARENT.fullmatch(given):
        trace = (("traceparent", given.encode()),)
    dry_run = _dry_run(request)
    pusher = Pusher(key.id, trace, partial(limits.take_article, key))
    return Caller(key, pusher, dry_run, None if dry_run else _idempotency_key(request))


def given_article_id(request: Request) -> str:
    """The article that the path names; raises Refused (422) when it names none."""
    given = request.path_params[ARTICLE_ID]
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise _wrong(ARTICLE_ID, "a UUID, as it was answered when the article was pushed") from None


def _dry_run(request: Request) -> bool:
    if not request.scope["query_string"]:
        return False
    given = request.query_params.get(DRY_RUN, "false")
    if given not in _TRUTHS:
        raise _wrong(DRY_RUN, "true or false")
    return _TRUTHS[given]


def _idempotency_key(request: Request) -> str | None:
    given = request.headers.get(HEADER)
    if given is not None and not _IDEMPOTENCY_KEY.fullmatch(given):
        raise _wrong(HEADER, "1 to 255 visible ASCII characters")
    return given


def _wrong(name: str, wanted: str) -> Refused:
    return Refused(INVALID, f"{name} is wrong", errors=(FieldError("invalid_parameter", wanted, name),))
