"""The way from an admitted article to news.raw: each content once per window, one record of an article on its way at a time."""

import asyncio
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiokafka.errors import KafkaError

from services.gateway.admission import Admitted, message, tombstone
from services.gateway.delivery import Bounds, Delivery
from services.gateway.errors import Unconfirmed
from services.gateway.limits import DAY_S
from services.gateway.tail import read_tail
from services.gateway.window import Seen, Window, next_revision
from services.runtime.errors import TransientError
from services.runtime.lifecycle import Backoff
from services.runtime.logs import get_log
from services.runtime.records import Headers, Message
from services.runtime.settings import KafkaSettings

log = get_log(__name__)

Status = Literal["accepted", "duplicate"]

_START_DEADLINE_S = 20.0

# How far the clocks of two machines may be apart when we look for what became of records on their way.
_CLOCK_MARGIN_S = 300.0

# How long after its producer's end a record may still reach the log and be found, and how far back that second look goes.
_LATE_S = 0.3
_LATE_MARGIN_S = 30.0

_YIELD_EVERY = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an article: it is on news.raw, by this request or by an earlier one."""

    status: Status
    article_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who hands something in: the key's id, and the trace that the request belongs to."""

    id: str
    trace: Headers = ()
    take_one: Callable[[], None] = lambda: None
    """Called before a record is written, never for a duplicate; what it raises keeps the record from being written."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a request wants to be on news.raw; a digest of None is a withdrawal."""

    article_id: str
    digest: str | None
    given_revision: int | None
    record: Callable[[int], Message]
    take_one: Callable[[], None]

    def is_granted_by(self, seen: Seen) -> bool:
        """Whether it is there already."""
        return seen.is_withdrawn if self.digest is None else seen.has(self.digest)

    def revision_after(self, seen: Seen | None) -> int:
        """The revision to publish it as; a withdrawal keeps the last one."""
        if self.digest is None:
            return seen.revision if seen else 0
        return next_revision(self.given_revision, seen)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A record on its way, and the requests that wait to know whether it got there."""

    digest: str | None
    revision: int
    waiters: "list[asyncio.Future[bool]]" = field(default_factory=list)

    async def is_confirmed(self) -> bool:
        """Whether it got there. Each request waits for a future of its own, so that it can be cancelled alone."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return await waiter

    def settle(self, is_confirmed: bool) -> None:
        """Tells all who wait."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(is_confirmed)
        self.waiters.clear()


class Door:
    """Open once the window is known; closed, with the reason, while it is being read or Kafka is away."""

    def __init__(
        self,
        *,
        bootstrap_servers: str,
        kafka: KafkaSettings,
        bounds: Bounds,
        window: Window,
        earlier: Callable[[str, int, int], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`earlier` hears once, at the first opening, what was read: who pushed, on which day since 1970, how many."""
        self._servers, self._kafka, self._bounds, self._window, self._now = bootstrap_servers, kafka, bounds, window, now
        self._earlier: Callable[[str, int, int], None] | None = earlier
        self._keeper: asyncio.Task[None] | None = None
        self._delivery: Delivery | None = None
        self._pending: dict[str, _Pending] = {}
        self.why_closed = "it starts"

    @property
    def is_open(self) -> bool:
        """Whether articles are taken."""
        return self._delivery is not None and not self._delivery.failed.is_set()

    @property
    def unconfirmed(self) -> int:
        """Records on their way."""
        return self._delivery.unconfirmed if self._delivery else 0

    @property
    def oldest_s(self) -> float:
        """How long the oldest of them has been, in seconds."""
        return self._delivery.oldest_s if self._delivery else 0.0

    @property
    def is_broken(self) -> bool:
        """Whether it stays closed, because of a bug."""
        return self._keeper is not None and self._keeper.done() and not self._keeper.cancelled()

    # Through the door

    async def publish(self, admitted: Admitted, pusher: Pusher, deadline: float) -> Receipt:
        """Returns when the article is certainly on news.raw.

        `deadline` is in the event loop's time.

        Raises:
            Unconfirmed: it isn't by then, or Kafka is away. It may still get there; another try will hear of it.
            Rejected: what is to be written is larger than readers take.
        """

        def record(revision: int) -> Message:
            return message(admitted, revision, pusher.id, pusher.trace)

        wish = _Wish(admitted.article_id, admitted.digest, admitted.article.revision, record, pusher.take_one)
        return await self._pass(wish, deadline)

    async def withdraw(self, article_id: str, pusher: Pusher, deadline: float) -> Receipt:
        """Returns when the article's tombstone is certainly on news.raw; raises as `publish` does."""

        def record(revision: int) -> Message:
            return tombstone(article_id, revision, pusher.id, pusher.trace)

        return await self._pass(_Wish(article_id, None, None, record, pusher.take_one), deadline)

    def foretell(self, admitted: Admitted) -> Receipt:
        """What `publish` would say now, with nothing done."""
        seen = self._window.seen(admitted.article_id)
        if seen is not None and seen.has(admitted.digest):
            return Receipt("duplicate", admitted.article_id, seen.revision)
        return Receipt("accepted", admitted.article_id, next_revision(admitted.article.revision, seen))

    def foretell_withdrawal(self, article_id: str) -> Receipt:
        """What `withdraw` would say now, with nothing done."""
        seen = self._window.seen(article_id)
        is_done = seen is not None and seen.is_withdrawn
        return Receipt("duplicate" if is_done else "accepted", article_id, seen.revision if seen else 0)

    async def _pass(self, wish: _Wish, deadline: float) -> Receipt:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._in_turn(wish, deadline)
        except TimeoutError:
            detail = "Kafka is slow; the article may still get there, and another try will hear of it"
            raise Unconfirmed(detail) from None

    async def _in_turn(self, wish: _Wish, deadline: float) -> Receipt:
        """After the records of this article that are on their way; one with the same content is the request's own."""
        while pending := self._pending.get(wish.article_id):
            is_confirmed = await pending.is_confirmed()
            if pending.digest == wish.digest and is_confirmed:
                return Receipt("duplicate", wish.article_id, pending.revision)
        if self._delivery is None:
            raise Unconfirmed(f"the gateway takes nothing now: {self.why_closed}")
        seen = self._window.seen(wish.article_id)
        if seen is not None and wish.is_granted_by(seen):
            return Receipt("duplicate", wish.article_id, seen.revision)
        revision = wish.revision_after(seen)
        record = wish.record(revision)
        wish.take_one()
        if not await self._sent(self._delivery, wish.article_id, _Pending(wish.digest, revision), record, deadline):
            raise Unconfirmed("Kafka did not confirm the article")
        return Receipt("accepted", wish.article_id, revision)

    async def _sent(self, delivery: Delivery, article_id: str, pending: _Pending, record: Message, deadline: float) -> bool:
        """Whether the record got there. From the first statement on, other requests for the article wait for this one."""
        self._pending[article_id] = pending

        def settled(is_confirmed: bool) -> None:
            if is_confirmed:
                self._window.note(article_id, pending.digest, pending.revision)
            if self._pending.get(article_id) is pending:
                del self._pending[article_id]
            pending.settle(is_confirmed)

        try:
            await delivery.send(record, deadline, settled)
        except BaseException:  # also a request that is cancelled: nothing was handed over
            settled(False)
            raise
        return await pending.is_confirmed()

    # Opening and closing

    @asynccontextmanager
    async def kept_open(self) -> AsyncIterator["Door"]:
        """Opens the door, again after every failure, until the block ends; then waits for what is on its way."""
        self._keeper = asyncio.create_task(self._keep_open(), name="door")
        self._keeper.add_done_callback(_say_broken)
        try:
            yield self
        finally:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            await self._close("it stops")

    async def _keep_open(self) -> None:
        since_s, backoff = self._now() - self._window.max_age_s, Backoff(cap_s=2.0)
        while True:
            delivery = Delivery(self._servers, self._kafka, self._bounds)
            try:
                await self._open(delivery, since_s)
            except (KafkaError, OSError, TransientError) as error:  # TimeoutError is an OSError
                self.why_closed = f"Kafka is away ({type(error).__name__})"
                log.warning("kafka_away", error=type(error).__name__, reason=str(error)[:300])
                await delivery.stop()
                await backoff.wait()
                continue
            except BaseException:
                await delivery.stop()
                raise
            backoff.reset()
            await delivery.failed.wait()
            since_s = self._now() - delivery.doubtful_s - _CLOCK_MARGIN_S
            await self._close("a delivery failed, and what became of the others is being read")

    async def _open(self, delivery: Delivery, since_s: float) -> None:
        """The producer first, then the topic's end: what an earlier producer wrote is then in the window."""
        async with asyncio.timeout(_START_DEADLINE_S):
            await delivery.start()
        began = time.monotonic()
        pushed: Counter[tuple[str, int]] = Counter()
        count = await self._read(since_s, pushed)
        # What a producer that was killed had sent may reach the log a moment later than the first look.
        looked_at = self._now()
        await asyncio.sleep(_LATE_S)
        await self._read(looked_at - _LATE_MARGIN_S, Counter())
        await asyncio.to_thread(self._window.put_in_order)
        if self._earlier is not None:
            for (pushed_by, day), articles in pushed.items():
                self._earlier(pushed_by, day, articles)
            self._earlier = None
        self._delivery = delivery
        log.info("door_open", records_read=count, articles_known=len(self._window), seconds=round(time.monotonic() - began, 2))

    async def _read(self, since_s: float, pushed: "Counter[tuple[str, int]]") -> int:
        """Notes what was accepted since then, counts it by pusher and day, and returns how many records that were."""
        count = 0
        async with aclosing(read_tail(self._servers, self._kafka, since_s, self._window.max_articles)) as tail:
            async for accepted in tail:
                self._window.note(accepted.article_id, accepted.digest, accepted.revision, accepted.accepted_at)
                if accepted.pushed_by is not None:
                    pushed[accepted.pushed_by, int(accepted.accepted_at // DAY_S)] += 1
                count += 1
                if count % _YIELD_EVERY == 0:
                    self.why_closed = f"it reads what was accepted before ({count:,} records so far)"
                    await asyncio.sleep(0)
        return count

    async def _close(self, why: str) -> None:
        delivery, self._delivery, self.why_closed = self._delivery, None, why
        if delivery is not None:
            await delivery.stop()
        pending, self._pending = self._pending, {}
        for each in pending.values():
            each.settle(False)


def _say_broken(keeper: "asyncio.Task[None]") -> None:
    if not keeper.cancelled() and (error := keeper.exception()) is not None:
        log.error("door_broken", error=type(error).__name__, where="".join(traceback.format_tb(error.__traceback__))[-4_000:])
