"""Sends messages and makes sure of each: bounded memory, at a rate, every delivery confirmed."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import NEWS_RAW
from services.cli.errors import CouldNot
from services.runtime.records import Message
from services.runtime.settings import KafkaSettings
from services.runtime.sink import new_producer

# Enough to fill several batches for every partition; with the client's own bound on a batch also a bound in bytes.
_MAX_UNCONFIRMED = 1_000

# A broker that confirms nothing for so long is gone; electing another leader takes less.
_SILENCE_S = 30.0

# The client has no deadline of its own for stopping, and waits for ever for a broker that is gone.
_STOP_DEADLINE_S = 5.0


class Publisher:
    """Sends to one broker; `confirmed` counts what is certainly there."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`rate` is in records per second."""
        self.confirmed = 0
        self._producer, self._rate, self._clock, self._pause = producer, rate, clock, pause
        self._unconfirmed: deque[asyncio.Future[object]] = deque()
        self._failure: BaseException | None = None
        self._sent = 0
        self._began = clock()

    async def send(self, message: Message) -> None:
        """Hands the message to the client; waits when too many are on their way or it is too early.

        Raises:
            CouldNot: the broker went away or refused a message, perhaps an earlier one.
        """
        if self._rate is not None:
            await self._pause(self._began + self._sent / self._rate - self._clock())
        self._sent += 1
        with self._named():
            async with asyncio.timeout(_SILENCE_S):
                headers = list(message.headers)
                delivery = await self._producer.send(message.topic, value=message.value, key=message.key, headers=headers)
            delivery.add_done_callback(self._settled)
            self._unconfirmed.append(delivery)
            if len(self._unconfirmed) > _MAX_UNCONFIRMED:
                await self._confirmed_down_to(_MAX_UNCONFIRMED)
            if self._failure is not None:
                raise self._failure

    async def confirm(self) -> None:
        """Returns when every message is there; raises CouldNot when one can't be delivered."""
        with self._named():
            await self._confirmed_down_to(0)
            await asyncio.sleep(0)  # The last ones are done; `_settled` hears of it in the loop's next turn.
            if self._failure is not None:
                raise self._failure

    async def _confirmed_down_to(self, most: int) -> None:
        """Returns when no more than so many are on their way; a broker that is silent for too long raises TimeoutError."""
        while len(self._unconfirmed) > most:
            # A deadline of ours: an idempotent producer tries again for as long as the broker is away.
            if not (await asyncio.wait((self._unconfirmed[0],), timeout=_SILENCE_S))[0]:
                raise TimeoutError
            self._unconfirmed.popleft()

    def _settled(self, delivery: "asyncio.Future[object]") -> None:
        """Hears of each delivery as soon as the client does, in whatever order."""
        if delivery.cancelled():
            return
        if (error := delivery.exception()) is None:
            self.confirmed += 1
        else:
            self._failure = self._failure or error

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (KafkaError, TimeoutError) as error:
            certain = f"{self.confirmed:,} of {self._sent:,} records are confirmed"
            raise CouldNot(f"the broker went away or refused a record ({type(error).__name__}): {certain}") from error


@contextlib.asynccontextmanager
async def open_publisher(bootstrap_servers: str, kafka: KafkaSettings, rate: float | None = None) -> AsyncIterator[Publisher]:
    """A publisher for news.raw; leaving the block without an error makes sure of everything sent."""
    producer = new_producer(bootstrap_servers, kafka, NEWS_RAW.max_message_bytes, client_id="newsloom-publish")
    await producer.start()
    publisher = Publisher(producer, rate)
    try:
        yield publisher
        await publisher.confirm()
    finally:
        with contextlib.suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(producer.stop(), _STOP_DEADLINE_S)
