"""Asks the trends service over HTTP."""

import asyncio
import http.client
from urllib.parse import urlencode, urlsplit

import orjson
from pydantic import ValidationError

from services.cli.errors import CouldNot, WrongUse
from services.cli.trends_address import Address
from services.trends.answer import Answer
from services.trends.query import Query

_TIMEOUT_S = 10.0
_NO_TRENDS = "what answers there is no trends service"


class NotYet(CouldNot):
    """The service is there and reads its counters back."""


async def ask(address: Address, query: Query) -> Answer:
    """The answer.

    Raises:
        NotYet: the service has only just started.
        WrongUse: it doesn't understand the question.
        CouldNot: nobody answers there, or somebody else.
    """
    return await asyncio.to_thread(_ask, address, query)


def _ask(address: Address, query: Query) -> Answer:
    try:
        status, body = _get(f"{address.url}/trends?{urlencode(query.parameters())}")
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CouldNot(
            f"no trends service answers at {address.url} ({address.why}): {reason}; `newsloom up` runs one, --url names another"
        ) from error
    if status == http.HTTPStatus.OK:
        try:
            return Answer.model_validate_json(body)
        except ValidationError as error:
            raise CouldNot(f"{address.url}: {_NO_TRENDS}") from error
    detail = _detail(body)
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        raise NotYet(f"the trends service at {address.url} isn't ready: {detail}")
    if status == http.HTTPStatus.BAD_REQUEST:
        raise WrongUse(detail)
    raise CouldNot(f"{address.url} answered {status}: {detail}")


def _get(url: str) -> tuple[int, bytes]:
    """Status and body; no proxy is asked, whatever the environment says."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Accept": "application/json", "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _detail(body: bytes) -> str:
    """What a problem document says."""
    try:
        return str(orjson.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return _NO_TRENDS
