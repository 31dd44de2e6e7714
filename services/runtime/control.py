"""Reads and gives the orders of a consumer group on news.control; the last one of a group holds, also after a restart."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from schemas.codec import CONTENT_TYPE, encode
from schemas.control import VERSION, Order
from schemas.topics import NEWS_CONTROL
from services.runtime.lifecycle import Backoff
from services.runtime.logs import get_log
from services.runtime.settings import KafkaSettings
from services.runtime.sink import new_producer

log = get_log(__name__)

_PARTITION = TopicPartition(NEWS_CONTROL.name, 0)
_HEADERS = [("content-type", CONTENT_TYPE.encode()), ("newsloom.schema", f"{NEWS_CONTROL.name}/v{VERSION}".encode())]
_POLL_MS = 1_000
_MISSING_S = 30.0


async def give_order(bootstrap_servers: str, kafka: KafkaSettings, order: Order) -> None:
    """Writes an order; returns when the broker has it.

    Raises:
        KafkaError: it could not be written.
    """
    producer = new_producer(bootstrap_servers, kafka, NEWS_CONTROL.max_message_bytes)
    await producer.start()
    try:
        key = order.group.encode()
        await producer.send_and_wait(NEWS_CONTROL.name, encode(order), key=key, partition=0, headers=_HEADERS)
    finally:
        await producer.stop()


class OrderReader:
    """Knows how far it has read, so that after a broken connection no old order comes again."""

    def __init__(self, bootstrap_servers: str, kafka: KafkaSettings, group: str) -> None:
        self._bootstrap_servers, self._kafka, self._group = bootstrap_servers, kafka, group
        self._next_offset = 0

    async def latest(self) -> Order | None:
        """The order that holds now; None when there is none, or no such topic.

        Raises:
            KafkaError: the broker is away.
        """
        async with self._open() as consumer:
            return await self._caught_up(consumer) if await _exists(consumer) else None

    async def follow(self, obey: Callable[[Order | None], None]) -> None:
        """Calls `obey` with the order that holds (None: there is none), then with each new one, until cancelled.

        While the broker is away it tries again for as long as that lasts.
        """
        backoff = Backoff()
        while True:
            try:
                async with self._open() as consumer:
                    await self._follow(consumer, obey, backoff)
            except (KafkaError, OSError) as error:
                log.warning("orders_not_read", error=type(error).__name__, reason=str(error)[:300])
                await backoff.wait()

    async def _follow(self, consumer: AIOKafkaConsumer, obey: Callable[[Order | None], None], backoff: Backoff) -> None:
        if not await _exists(consumer):
            log.warning("no_control_topic", topic=NEWS_CONTROL.name, reason="a pause needs it: newsloom topics apply")
            obey(None)
            await asyncio.sleep(_MISSING_S)
            return
        is_first = self._next_offset == 0
        order = await self._caught_up(consumer)
        backoff.reset()
        if is_first or order is not None:
            obey(order)
        while True:
            for order in self._orders(await consumer.getmany(_PARTITION, timeout_ms=_POLL_MS)):
                obey(order)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=f"newsloom-{self._group}-control",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            **self._kafka.client_options(),
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()

    async def _caught_up(self, consumer: AIOKafkaConsumer) -> Order | None:
        """The last order between where we were and the end as it is now."""
        consumer.assign([_PARTITION])
        consumer.seek(_PARTITION, self._next_offset)
        end = (await consumer.end_offsets([_PARTITION]))[_PARTITION]
        latest = None
        while await consumer.position(_PARTITION) < end:
            for order in self._orders(await consumer.getmany(_PARTITION, timeout_ms=_POLL_MS)):
                latest = order
        return latest

    def _orders(self, fetched: dict[TopicPartition, list[Any]]) -> Iterable[Order]:
        """Those of the group that can be understood, in order."""
        for record in fetched.get(_PARTITION, []):
            self._next_offset = record.offset + 1
            if record.key != self._group.encode() or record.value is None:
                continue
            try:
                yield Order.model_validate_json(record.value)
            except ValidationError:
                log.warning("order_not_understood", offset=record.offset)


async def _exists(consumer: AIOKafkaConsumer) -> bool:
    return NEWS_CONTROL.name in await consumer.topics()
