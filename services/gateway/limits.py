"""How much a key may do: requests a second by a token bucket, articles a day; and how much all bodies may weigh together."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.gateway.errors import QUOTA_USED_UP, TOO_MANY_REQUESTS, UNAVAILABLE, Refused
from services.gateway.keys import Key

DAY_S = 86_400


@dataclass(slots=True)
class _Bucket:
    """What is left of a key's burst, as of a moment."""

    tokens: float
    at: float


class Limits:
    """Counts by a key's id, so that an old and a new key of one holder share a limit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time) -> None:
        """`clock` only moves on; `now` gives seconds since 1970."""
        self._clock, self._now = clock, now
        self._buckets: dict[str, _Bucket] = {}
        self._day = self._today()
        self._articles: dict[str, int] = {}

    def take_request(self, key: Key) -> None:
        """Counts a request; raises Refused when the key has too many."""
        now = self._clock()
        bucket = self._buckets.setdefault(key.id, _Bucket(float(key.burst), now))
        bucket.tokens = min(float(key.burst), bucket.tokens + (now - bucket.at) * key.requests_per_s)
        bucket.at = now
        if bucket.tokens < 1:
            wait_s = math.ceil((1 - bucket.tokens) / key.requests_per_s)
            detail = f"this key has {key.requests_per_s:g} requests a second, {key.burst} at once"
            raise Refused(TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)
        bucket.tokens -= 1

    def take_article(self, key: Key) -> None:
        """Counts an article that is about to be published; raises Refused when today's are used up."""
        if self._count(key.id) >= key.articles_per_day:
            detail = f"this key has {key.articles_per_day} new articles a day, and they are used up until midnight UTC"
            raise Refused(QUOTA_USED_UP, detail, retry_after_s=int((self._day + 1) * DAY_S - self._now()) + 1)
        self._articles[key.id] = self._count(key.id) + 1

    def count_earlier(self, key_id: str, day: int, articles: int) -> None:
        """Counts what was accepted for a key before a restart, unless it was before today; `day` is in days since 1970."""
        if day == self._today():
            self._articles[key_id] = self._count(key_id) + articles

    def _count(self, key_id: str) -> int:
        if (today := self._today()) != self._day:
            self._day = today
            self._articles.clear()
        return self._articles.get(key_id, 0)

    def _today(self) -> int:
        return int(self._now() // DAY_S)


class Room:
    """Memory for bodies that are being read, shared by all requests."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.held_bytes = 0

    @contextlib.contextmanager
    def share(self) -> Iterator["Share"]:
        """A request's part of the room, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            share.resize(0)

    def take(self, more: int) -> None:
        """Takes or gives back; raises Refused when there isn't so much. A single body always finds room."""
        if more > 0 and self.held_bytes and self.held_bytes + more > self._max_bytes:
            raise Refused(UNAVAILABLE, "too many bodies are being read; try again", retry_after_s=1)
        self.held_bytes += more


class Share:
    """What one request holds of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def resize(self, size: int) -> None:
        """Holds so many bytes from now on."""
        self._room.take(size - self._held)
        self._held = size
