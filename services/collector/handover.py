"""Hands what is in the outbox to the gateway: an article leaves it only once the gateway has answered 202."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import orjson

from services.collector import outbox
from services.collector.errors import HandOverRefused
from services.collector.metrics import CollectorMetrics
from services.collector.outbox import Letter
from services.collector.schedule import Random, backoff_s, retry_after_s
from services.collector.state import State
from services.runtime.errors import TransientError
from services.runtime.logs import get_log

log = get_log(__name__)

_ACCEPTED = 202
_NEVER = frozenset((400, 413, 415, 422))
_GATEWAY_TROUBLE = frozenset((401, 403, 404, 405, 429, 502, 503, 504))

_RETRY_FIRST_S, _RETRY_MAX_S = 1.0, 60.0
# A letter that the gateway alone chokes on waits longer and longer, and is tried for as long as it takes.
_LETTER_RETRY_FIRST_S, _LETTER_RETRY_MAX_S = 10.0, 3_600.0
_LONGEST_NAP_S = 5.0
_LAST_MOMENT_S = 5.0


class _GatewayAway(TransientError):
    """Nothing can be handed over now, this article or any other."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after


@dataclass
class HandOver:
    """The way from the outbox to the gateway."""

    state: State
    client: httpx.AsyncClient
    now: Callable[[], float]
    random: Random
    metrics: CollectorMetrics
    concurrency: int
    trouble: str | None = None
    """Why nothing can be handed over at present, for /readyz; None when all is well."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """To be set when something was put into the outbox."""
    _failures: int = 0

    async def run(self) -> None:
        """Hands over until it is cancelled."""
        while True:
            self.arrived.clear()
            if not await self.hand_over_due():
                await self._nap()

    async def hand_over_due(self) -> int:
        """Tries what is due now, some at a time; how many left the outbox. Waits when the gateway is away."""
        letters = await self.state(outbox.due, self.now(), self.concurrency)
        tried = await _finished(asyncio.gather(*(self._hand_over(letter) for letter in letters), return_exceptions=True))
        self.metrics.outbox.set(await self.state(outbox.waiting))
        wrong = [each for each in tried if isinstance(each, BaseException)]
        for each in wrong:
            if not isinstance(each, _GatewayAway):
                raise each
        if wrong and isinstance(wrong[0], _GatewayAway):
            await self._wait_for_gateway(wrong[0])
        elif letters:
            self.trouble, self._failures = None, 0
        return len(tried) - len(wrong)

    async def _hand_over(self, letter: Letter) -> None:
        try:
            status = await self._post(letter)
        except HandOverRefused as error:
            log.warning("article_refused", article_id=letter.article_id, reason=str(error))
            self.metrics.handed_over.labels(outcome="refused").inc()
            await self.state(outbox.refused, letter, self.now(), str(error))
        except _GatewayAway:
            raise
        except TransientError as error:
            wait = backoff_s(letter.failures + 1, _LETTER_RETRY_FIRST_S, _LETTER_RETRY_MAX_S, self.random)
            log.warning("hand_over_failed", article_id=letter.article_id, reason=str(error), retry_in_s=round(wait, 1))
            self.metrics.handed_over.labels(outcome="failed").inc()
            await self.state(outbox.retry, letter, self.now() + wait)
        else:
            self.metrics.handed_over.labels(outcome=status).inc()
            await self.state(outbox.handed_over, letter, self.now())

    async def _post(self, letter: Letter) -> str:
        """What the gateway says of an article that it took: accepted or duplicate."""
        try:
            answer = await self.client.post("/v1/articles", content=letter.body, headers={"Content-Type": "application/json"})
        except httpx.TransportError as error:
            raise _GatewayAway(f"no answer from the gateway: {type(error).__name__}: {error}") from error
        if answer.status_code == _ACCEPTED:
            return "duplicate" if _field(answer, "status") == "duplicate" else "accepted"
        said = f"the gateway answers {answer.status_code}: {_field(answer, 'title') or 'no reason given'}"
        if answer.status_code in _NEVER:
            raise HandOverRefused(said)
        if answer.status_code in _GATEWAY_TROUBLE:
            raise _GatewayAway(said, retry_after_s(answer.headers.get("Retry-After"), self.now(), _RETRY_MAX_S))
        raise TransientError(said)

    async def _wait_for_gateway(self, error: _GatewayAway) -> None:
        self._failures += 1
        wait = error.retry_after_s
        if wait is None:
            wait = backoff_s(self._failures, _RETRY_FIRST_S, _RETRY_MAX_S, self.random)
        if self.trouble != str(error):
            log.warning("gateway_away", reason=str(error), retry_in_s=round(wait, 1))
        self.trouble = str(error)
        await asyncio.sleep(wait)

    async def _nap(self) -> None:
        """Until something arrives or is due."""
        due_at = await self.state(outbox.next_due_at)
        wait = _LONGEST_NAP_S if due_at is None else min(max(due_at - self.now(), 0.01), _LONGEST_NAP_S)
        try:
            async with asyncio.timeout(wait):
                await self.arrived.wait()
        except TimeoutError:
            pass


async def _finished(batch: "asyncio.Future[list[BaseException | None]]") -> "list[BaseException | None]":
    """The batch's results; when we are cancelled it gets a moment, so that what the gateway took is written down as taken."""
    try:
        return await asyncio.shield(batch)
    except asyncio.CancelledError:
        await asyncio.wait((batch,), timeout=_LAST_MOMENT_S)
        raise


def new_gateway_client(url: str, api_key: str | None, timeout_s: float = 30.0) -> httpx.AsyncClient:
    """A client of the gateway; it alone may go to a private address, since the operator names it."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_s, trust_env=False)


def _field(answer: httpx.Response, name: str) -> str | None:
    """A text in the answer's JSON object."""
    try:
        document = orjson.loads(answer.content)
    except ValueError:
        return None
    value = document.get(name) if isinstance(document, dict) else None
    return value[:200] if isinstance(value, str) else None
