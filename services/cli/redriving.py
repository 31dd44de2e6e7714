"""Sends dead letters back to news.raw, or parks them: a batch at a time, each with its decision in one transaction.

Order per key isn't kept: what is sent back comes behind everything that was published since.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from schemas.codec import CONTENT_TYPE, Undecodable, decode_raw
from schemas.dead_letter import ATTEMPTS_HEADER, FIRST_FAILED_AT_HEADER, SOURCE_TIMESTAMP_HEADER
from schemas.decision import Place
from schemas.identity import article_id
from schemas.topics import NEWS_RAW
from services.cli.dead_letters import OPEN, Found
from services.cli.decisions import Pen
from services.cli.errors import WrongUse
from services.cli.raw_messages import MAX_VALUE_BYTES
from services.cli.transactions import Delivered, Transactions
from services.runtime.records import Message

REDRIVEN_FROM = "newsloom.redriven_from"

# A dead letter of this class has no bytes to send back: the client could not read them.
UNREADABLE = "unreadable"

BATCH_RECORDS = 100
_BATCH_BYTES = 8_000_000

_TRACE = frozenset({"traceparent", "tracestate"})
_CARRIED = frozenset({ATTEMPTS_HEADER, FIRST_FAILED_AT_HEADER, SOURCE_TIMESTAMP_HEADER})


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be sent back."""

    max_attempts: int
    is_forced: bool = False
    is_named: bool = False
    """Whether each dead letter was named by its place, not found by a filter."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The value to send instead, with the key that its URL makes; None when it has none."""

    value: bytes
    key: bytes | None


@dataclass(slots=True)
class Account:
    """What became of the dead letters that were found."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """By why nothing was done."""


def refusal(found: Found, rules: Rules, edit: Edit | None = None) -> str | None:
    """Why the dead letter may not be sent back, in a few words; None when it may."""
    letter = found.letter
    if letter is None:
        return "without our headers"
    if found.state != OPEN and not (found.state == "parked" and rules.is_forced and rules.is_named):
        return f"already {found.state}"
    if letter.attempts >= rules.max_attempts and not rules.is_forced:
        return f"tried {rules.max_attempts} times or more (--force)"
    if edit is not None:
        return None
    if letter.error_class == UNREADABLE and found.record.value is None and not letter.original_value_null:
        return "unreadable, so there are no bytes to send (--edit)"
    if len(found.record.value or b"") > MAX_VALUE_BYTES:
        return f"over {MAX_VALUE_BYTES:,} bytes, which {NEWS_RAW.name} doesn't take"
    return None


def redriven(found: Found, edit: Edit | None = None) -> Message:
    """The record as it was, or as edited, with its trace, how often it failed, and where it comes from."""
    headers = [(name, value) for name, value in found.record.headers if name in _TRACE]
    headers += [(name, value) for name, value in found.sure.to_headers() if name in _CARRIED]
    headers += [("content-type", CONTENT_TYPE.encode()), (REDRIVEN_FROM, str(found.id.place).encode())]
    if edit is None:
        return Message(NEWS_RAW.name, found.record.key, found.record.value, tuple(headers))
    return Message(NEWS_RAW.name, edit.key or found.record.key, edit.value, tuple(headers))


def edited(value: bytes, is_forced: bool) -> Edit:
    """The edit that the bytes of a file make; one newline at their end is the editor's.

    Raises:
        WrongUse: the enricher would only give it up again, and nobody insists.
    """
    value = value.removesuffix(b"\n")
    if len(value) > MAX_VALUE_BYTES:
        raise WrongUse(f"the edited value has {len(value):,} bytes; {NEWS_RAW.name} takes {MAX_VALUE_BYTES:,}")
    try:
        article = decode_raw(value).article
    except Undecodable as error:
        if is_forced:
            return Edit(value, None)
        raise WrongUse(f"the edited value would be given up again: {error.error_class}: {error} (--force sends it)") from None
    return Edit(value, article_id(article.canonical_url or article.url).encode())


class Desk:
    """Decides about dead letters."""

    def __init__(self, transactions: Transactions, pen: Pen, account: Account, rate: float | None = None) -> None:
        """`rate` is in records per second at most; `account` is true at any moment, also when a method raises."""
        self._transactions, self._pen, self._account, self._rate = transactions, pen, account, rate
        self._batch_records = BATCH_RECORDS if rate is None else max(1, min(BATCH_RECORDS, int(rate)))

    async def redrive(self, letters: AsyncIterator[Found], edit: Edit | None = None) -> None:
        """Sends them back.

        Raises:
            CouldNot: another command took over, or the broker went away; run it again.
        """
        async for batch in _batches(letters, self._batch_records):
            async with self._paced(batch):
                await self._send_back(batch, edit)

    async def park(self, letters: AsyncIterator[Found]) -> None:
        """Decides that they stay where they are; raises as `redrive` does."""
        async for batch in _batches(letters, self._batch_records):
            async with self._paced(batch), self._transactions.one():
                await self._transactions.deliver([self._pen.decision("parked", each.id, each.sure) for each in batch])

    @contextlib.asynccontextmanager
    async def _paced(self, batch: Sequence[Found]) -> AsyncIterator[None]:
        """Counts the batch when it is done, and waits where it was done too fast."""
        began = time.monotonic()
        yield
        self._account.done += len(batch)
        if self._rate is not None:
            await asyncio.sleep(began + len(batch) / self._rate - time.monotonic())

    async def _send_back(self, batch: Sequence[Found], edit: Edit | None) -> None:
        async with self._transactions.one():
            places = await self._transactions.deliver([redriven(found, edit) for found in batch])
            await self._transactions.deliver(
                [
                    self._pen.decision("redriven", found.id, found.sure, _raw_place(place), edit is not None)
                    for found, place in zip(batch, places, strict=True)
                ]
            )


def _raw_place(delivered: Delivered) -> Place:
    return Place(topic=NEWS_RAW.name, partition=delivered.partition, offset=delivered.offset)


def parking_refusal(found: Found) -> str | None:
    """Why it can't be parked, in a few words; None when it can."""
    if found.letter is None:
        return "without our headers"
    return None if found.state == OPEN else f"already {found.state}"


async def allowed(
    letters: AsyncIterator[Found], account: Account, why_not: Callable[[Found], str | None], limit: int | None = None
) -> AsyncIterator[Found]:
    """Those that nothing speaks against, at most so many; the others are counted by what does."""
    count = 0
    async for found in letters:
        if (reason := why_not(found)) is not None:
            account.left[reason] += 1
            continue
        yield found
        count += 1
        if count == limit:
            return


async def _batches(letters: AsyncIterator[Found], most: int) -> AsyncIterator[list[Found]]:
    """At most so many together, and, but for a single one, not heavier than the bound."""
    batch: list[Found] = []
    weight = 0
    async for found in letters:
        size = len(found.record.key or b"") + len(found.record.value or b"")
        if batch and (len(batch) == most or weight + size > _BATCH_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(found)
        weight += size
    if batch:
        yield batch
