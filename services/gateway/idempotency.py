"""Idempotency-Key: the same key with the same body gets the first answer again, for a while.

After draft-ietf-httpapi-idempotency-key-header-07. Answers are kept in memory: a restart forgets them, and then the window of
duplicates still sees to it that nothing is published twice. Only what was done is kept; after an error the key is free.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.gateway.errors import IN_PROGRESS, KEY_REUSED, Refused

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

PATTERN = r"^[\x21-\x7e]{1,255}$"
_ENTRY_BYTES = 600  # what an entry weighs besides its answer


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body of JSON, as they were sent."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Entry:
    """A key in use: the digest of the body it was used with, once that is known, and the answer, once it is there."""

    fingerprint: bytes | None
    began_at: float
    answer: "asyncio.Future[Answer | None]"


class Idempotency:
    """Keeps answers, bounded in number, bytes and age; what was kept longest goes first."""

    def __init__(self, max_answers: int, max_bytes: int, max_age_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_answers, self._max_bytes, self._max_age_s, self._clock = max_answers, max_bytes, max_age_s, clock
        self._entries: dict[tuple[str, str], _Entry] = {}
        self.held_bytes = 0

    async def once(
        self, scope: tuple[str, str], fingerprint: bytes, deadline: float, work: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """The answer of the work, or of the first request with this key; and whether it is that.

        `scope` is who uses which key, `deadline` is in the event loop's time.

        Raises:
            Refused: 422 the key was used with another body, 409 the first request is still being answered.
        """
        while entry := self._entry(scope):
            if entry.fingerprint != fingerprint:
                raise _reused() if entry.fingerprint else _in_progress()
            answer = await _within(entry.answer, deadline)
            if answer is not None:
                return answer, True
        claim = self.claim(scope, fingerprint)
        try:
            answer = await work()
        except BaseException:
            self.release(scope, claim)
            raise
        self.keep(scope, claim, fingerprint, answer)
        return answer, False

    def first_answer(self, scope: tuple[str, str]) -> "tuple[bytes, Answer] | None":
        """Fingerprint and answer of the first request with this key; None when there was none.

        Raises:
            Refused: 409 it is still being answered.
        """
        entry = self._entry(scope)
        if entry is None:
            return None
        if entry.fingerprint is None or not entry.answer.done() or (answer := entry.answer.result()) is None:
            raise _in_progress()
        return entry.fingerprint, answer

    def claim(self, scope: tuple[str, str], fingerprint: bytes | None = None) -> _Entry:
        """Takes the key for a request that begins."""
        entry = _Entry(fingerprint, self._clock(), asyncio.get_running_loop().create_future())
        self._entries[scope] = entry
        self.held_bytes += _ENTRY_BYTES
        self._forget()
        return entry

    def release(self, scope: tuple[str, str], entry: _Entry) -> None:
        """The request was not done: the key is free again."""
        if self._entries.get(scope) is entry:
            self._drop(scope)
        elif not entry.answer.done():
            entry.answer.set_result(None)

    def keep(self, scope: tuple[str, str], entry: _Entry, fingerprint: bytes, answer: Answer) -> None:
        """The request was done."""
        entry.fingerprint = fingerprint
        if not entry.answer.done():
            entry.answer.set_result(answer)
        if self._entries.get(scope) is entry:
            self.held_bytes += len(answer.body)
            self._forget()

    def _entry(self, scope: tuple[str, str]) -> _Entry | None:
        entry = self._entries.get(scope)
        if entry is not None and entry.answer.done() and self._clock() - entry.began_at > self._max_age_s:
            self._drop(scope)
            return None
        return entry

    def _forget(self) -> None:
        while len(self._entries) > self._max_answers or (self.held_bytes > self._max_bytes and len(self._entries) > 1):
            self._drop(next(iter(self._entries)))

    def _drop(self, scope: tuple[str, str]) -> None:
        entry = self._entries.pop(scope)
        self.held_bytes -= _ENTRY_BYTES
        if not entry.answer.done():
            entry.answer.set_result(None)
        elif (answer := entry.answer.result()) is not None:
            self.held_bytes -= len(answer.body)


def require_same(first: bytes, fingerprint: bytes) -> None:
    """Raises Refused (422) when a key comes again with another body."""
    if first != fingerprint:
        raise _reused()


async def _within(answer: "asyncio.Future[Answer | None]", deadline: float) -> Answer | None:
    if not answer.done():
        await asyncio.wait((answer,), timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
    if not answer.done():
        raise _in_progress()
    return answer.result()


def _reused() -> Refused:
    return Refused(KEY_REUSED, f"this {HEADER} came with another body before: use a new one for a new request")


def _in_progress() -> Refused:
    return Refused(IN_PROGRESS, f"the first request with this {HEADER} is not answered yet", retry_after_s=1)
