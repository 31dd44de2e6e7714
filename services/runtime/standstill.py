"""When a whole group stands still: orders from news.control are obeyed, and the breaker gives one itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka.errors import KafkaError

from schemas.control import Order
from services.runtime.breaker import Breaker
from services.runtime.control import OrderReader, give_order
from services.runtime.lifecycle import Backoff
from services.runtime.logs import get_log
from services.runtime.metrics import Metrics
from services.runtime.pause import Pause
from services.runtime.records import Outcome
from services.runtime.settings import KafkaSettings, StreamSettings

log = get_log(__name__)


class Standstill:
    """A worker's pause. It begins paused, until the orders that hold are known: a pause outlives a restart."""

    def __init__(
        self, bootstrap_servers: str, kafka: KafkaSettings, group: str, settings: StreamSettings, metrics: Metrics
    ) -> None:
        self.pause = Pause("reading the orders of the group")
        self._bootstrap_servers, self._kafka, self._group, self._metrics = bootstrap_servers, kafka, group, metrics
        self._breaker = Breaker(settings.breaker_in_a_row, settings.breaker_share, settings.breaker_window)
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Standstill"]:
        """Follows the orders until the block ends."""
        self._start(OrderReader(self._bootstrap_servers, self._kafka, self._group).follow(self._obey))
        try:
            yield self
        finally:
            for task in (tasks := set(self._tasks)):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def observe(self, outcomes: Sequence[Outcome]) -> None:
        """Takes in what was committed; pauses the group when too much of it failed."""
        if self.pause.reason is None and (reason := self._breaker.observe(outcomes)):
            order = Order(group=self._group, action="pause", reason=reason, ordered_by="breaker", ordered_at=datetime.now(UTC))
            self._obey(order)
            self._start(self._announce(order))

    def _obey(self, order: Order | None) -> None:
        is_pause = order is not None and order.action == "pause"
        if order is not None and is_pause:
            log.error("paused", group=order.group, ordered_by=order.ordered_by, reason=order.reason)
            self.pause.begin(f"paused by {order.ordered_by}: {order.reason}")
        else:
            log.info("not_paused", group=self._group, reason=order.reason if order else "no order")
            self._breaker.reset()
            self.pause.end()
        self._metrics.paused.set(is_pause)

    async def _announce(self, order: Order) -> None:
        """Tells the group, for as long as it takes: until then only this worker stands still."""
        backoff = Backoff()
        while True:
            try:
                return await give_order(self._bootstrap_servers, self._kafka, order)
            except (KafkaError, OSError) as error:
                log.warning("order_not_given", error=type(error).__name__, reason=str(error)[:300])
                await backoff.wait()

    def _start(self, coroutine: "Coroutine[Any, Any, None]") -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
