"""One producer for news.raw with a bound on what is unconfirmed; says when Kafka is slow instead of queueing."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from schemas.topics import NEWS_RAW
from services.gateway.errors import Unconfirmed
from services.runtime.logs import get_log
from services.runtime.partitioning import partition_of
from services.runtime.records import Message
from services.runtime.settings import KafkaSettings
from services.runtime.sink import hear_out, new_producer

log = get_log(__name__)

_STOP_DEADLINE_S = 5.0

# What a record weighs besides key and value: headers and the objects around them.
_OVERHEAD_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be unconfirmed, and for how long until no more is taken."""

    max_records: int
    max_bytes: int
    stall_after_s: float


class Delivery:
    """Sends records until one of them fails: then it is of no more use, since the producer's sequence is spoilt."""

    def __init__(self, bootstrap_servers: str, kafka: KafkaSettings, bounds: Bounds) -> None:
        self._producer: AIOKafkaProducer = new_producer(
            bootstrap_servers, kafka, NEWS_RAW.max_message_bytes, client_id="newsloom-gateway"
        )
        self._bounds = bounds
        self._partitions = 0
        self._unconfirmed: dict[asyncio.Future[object], tuple[float, int]] = {}
        self._unconfirmed_bytes = 0
        self._doubtful_since = math.inf
        self._is_stalled = False
        self.failed = asyncio.Event()

    async def start(self) -> None:
        """Connects; raises KafkaError or OSError when the broker is away."""
        await self._producer.start()
        self._partitions = len(await self._producer.partitions_for(NEWS_RAW.name))

    async def stop(self) -> None:
        """Waits a while for what is unconfirmed, then cuts the connection: nothing is sent after this."""
        with contextlib.suppress(TimeoutError, KafkaError, OSError):
            await asyncio.wait_for(self._producer.stop(), _STOP_DEADLINE_S)
        with contextlib.suppress(TimeoutError, KafkaError, OSError):
            await asyncio.wait_for(self._producer.client.close(), _STOP_DEADLINE_S)
            await asyncio.wait_for(self._producer._sender.close(), _STOP_DEADLINE_S)
        hear_out(self._producer)

    @property
    def unconfirmed(self) -> int:
        """How many records are on their way."""
        return len(self._unconfirmed)

    @property
    def oldest_s(self) -> float:
        """For how long the oldest of them has been, in seconds."""
        first = next(iter(self._unconfirmed.values()), None)
        return time.monotonic() - first[0] if first else 0.0

    @property
    def doubtful_s(self) -> float:
        """How long ago the oldest record was sent of which nobody knows whether it was written, in seconds."""
        return max(self.oldest_s, time.monotonic() - min(self._doubtful_since, time.monotonic()))

    async def send(self, message: Message, deadline: float, settled: Callable[[bool], None]) -> None:
        """Hands a record to the producer; `settled` hears once whether it was confirmed, however late.

        `deadline`, in the event loop's time, is when the caller will cancel this: what was not taken until then, or when
        this raises, will not be written.

        Raises:
            Unconfirmed: there is no room, or Kafka can't be reached.
        """
        size = len(message.value or b"") + _OVERHEAD_BYTES
        await self._room(size, deadline)
        assert message.key is not None
        try:
            future: asyncio.Future[object] = await self._producer.send(
                message.topic,
                message.value,
                message.key,
                partition_of(message.key, self._partitions),
                headers=list(message.headers),
            )
        except KafkaTimeoutError:  # nothing was put into a batch
            raise Unconfirmed("Kafka is too slow") from None
        except MessageSizeTooLargeError:
            raise
        except KafkaError as error:
            self._fail(error)
            raise Unconfirmed("Kafka can't be reached") from error
        self._unconfirmed[future] = (time.monotonic(), size)
        self._unconfirmed_bytes += size
        future.add_done_callback(lambda done: self._settle(done, settled))

    async def _room(self, size: int, deadline: float) -> None:
        """Returns when there is room; raises Unconfirmed at the deadline, or at once when waiting is in vain."""
        bounds, loop = self._bounds, asyncio.get_running_loop()
        while True:
            if self.failed.is_set():
                raise Unconfirmed("the connection to Kafka is being made anew")
            left_s = deadline - loop.time()
            if self.oldest_s > max(bounds.stall_after_s, left_s):
                self._say_stalled()
                raise Unconfirmed("Kafka confirms nothing", retry_after_s=2)
            is_full = len(self._unconfirmed) >= bounds.max_records or self._unconfirmed_bytes + size > bounds.max_bytes
            if not is_full or not self._unconfirmed:
                return
            # Any of them being confirmed makes room; the first sent is the likeliest.
            done, _ = await asyncio.wait((next(iter(self._unconfirmed)),), timeout=max(0.0, left_s))
            if not done:
                raise Unconfirmed("too many articles wait for Kafka")

    def _say_stalled(self) -> None:
        """Once, until a record is confirmed again."""
        if not self._is_stalled:
            log.warning("kafka_confirms_nothing", unconfirmed=len(self._unconfirmed), oldest_s=round(self.oldest_s, 1))
        self._is_stalled = True

    def _settle(self, future: "asyncio.Future[object]", settled: Callable[[bool], None]) -> None:
        sent_at, size = self._unconfirmed.pop(future)
        self._unconfirmed_bytes -= size
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or error is not None:
            self._doubtful_since = min(self._doubtful_since, sent_at)
            self._fail(error)
        elif self._is_stalled:
            self._is_stalled = False
            log.info("kafka_confirms_again", unconfirmed=len(self._unconfirmed))
        settled(not future.cancelled() and error is None)

    def _fail(self, error: BaseException | None) -> None:
        if not self.failed.is_set():
            log.error("delivery_failed", error=type(error).__name__)
        self.failed.set()
