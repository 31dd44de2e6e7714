"""One article's way through the gateway: judged, counted against the quota, published; for single ones and for batches."""

import asyncio
from dataclasses import dataclass

from schemas.enriched_article import Warned
from services.gateway.admission import Admitted, Rejected, admit
from services.gateway.caller import Caller
from services.gateway.door import Door, Receipt
from services.gateway.errors import Unconfirmed
from services.gateway.metrics import GatewayMetrics

# Parsing and hashing of more than this would hold the event loop for over a millisecond.
_OFF_LOOP_BYTES = 100_000

# What large articles get on top of the deadline, in bytes per second: a tenth of what one broker on a laptop takes.
_BYTES_PER_S = 5_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an article, and what was left out of it."""

    receipt: Receipt
    warnings: tuple[Warned, ...] = ()


class Intake:
    """Takes articles and withdrawals."""

    def __init__(self, door: Door, metrics: GatewayMetrics, max_bytes: int) -> None:
        self._door, self._metrics, self._max_bytes = door, metrics, max_bytes
        outcomes = ("accepted", "duplicate", "rejected", "withdrawn", "unconfirmed")
        self._outcomes = {outcome: metrics.articles.labels(outcome=outcome) for outcome in outcomes}

    async def article(self, value: bytes, caller: Caller, deadline_s: float) -> Taken:
        """Returns when the article is on news.raw.

        Raises:
            Rejected: it is no article.
            Refused: the day's quota is used up.
            Unconfirmed: Kafka didn't confirm it within so many seconds.
        """
        try:
            admitted = await self._admitted(value)
            receipt = await self._published(admitted, caller, deadline_s + len(value) / _BYTES_PER_S)
        except Rejected as rejected:
            self._outcomes["rejected"].inc()
            self._metrics.rejections.labels(reason=rejected.error.reason).inc()
            raise
        return Taken(receipt, admitted.warnings)

    async def withdrawal(self, article_id: str, caller: Caller, deadline_s: float) -> Receipt:
        """Returns when the tombstone is on news.raw; raises as `article` does."""
        if caller.dry_run:
            return self._door.foretell_withdrawal(article_id)
        deadline = asyncio.get_running_loop().time() + deadline_s
        return self._counted(await self._door.withdraw(article_id, caller.pusher, deadline), "withdrawn")

    async def _admitted(self, value: bytes) -> Admitted:
        if len(value) > _OFF_LOOP_BYTES:
            return await asyncio.to_thread(admit, value, self._max_bytes)
        return admit(value, self._max_bytes)

    async def _published(self, admitted: Admitted, caller: Caller, deadline_s: float) -> Receipt:
        if caller.dry_run:
            return self._door.foretell(admitted)
        deadline = asyncio.get_running_loop().time() + deadline_s
        try:
            receipt = await self._door.publish(admitted, caller.pusher, deadline)
        except Unconfirmed:
            self._outcomes["unconfirmed"].inc()
            raise
        return self._counted(receipt, "accepted")

    def _counted(self, receipt: Receipt, kind: str) -> Receipt:
        self._outcomes[kind if receipt.status == "accepted" else "duplicate"].inc()
        return receipt
