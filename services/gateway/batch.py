"""A batch: many articles in one body, taken while it is still coming in; the results wait in a spool until it has ended."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile

from services.gateway import answers
from services.gateway.admission import Rejected
from services.gateway.caller import Caller
from services.gateway.cutting import Cutter, Piece
from services.gateway.errors import TOO_LARGE, FieldError, Refused
from services.gateway.intake import Intake, Taken
from services.gateway.limits import Share

# Articles of one batch that are on their way at the same time: enough to fill the producer's batches.
_MAX_UNDER_WAY = 500
_MAX_UNDER_WAY_BYTES = 8_000_000

_SPOOL_MEMORY_BYTES = 1_000_000
_READ_BYTES = 65_536

# Cutting and judging so many small pieces takes well under a millisecond; then others have their turn.
_YIELD_EVERY = 20


@dataclass
class Results:
    """The results in order, as JSON; in memory when they are few, else in a file that has no name."""

    counts: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "duplicate": 0, "rejected": 0})
    _spool: "SpooledTemporaryFile[bytes]" = field(default_factory=lambda: _new_spool())

    def add(self, status: str, result: bytes) -> None:
        """Adds the next one."""
        self._spool.write(b"," + result if self.total else result)
        self.counts[status] += 1

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def size_bytes(self) -> int:
        """How many bytes they take."""
        return self._spool.tell()

    async def document(self, dry_run: bool) -> AsyncIterator[bytes]:
        """A `BatchAnswer` as JSON, bit by bit; lets go of the spool at the end."""
        counts = ",".join(f'"{name}":{count}' for name, count in self.counts.items())
        yield f'{{{counts},"dry_run":{"true" if dry_run else "false"},"results":['.encode()
        self._spool.seek(0)
        while part := self._spool.read(_READ_BYTES):
            yield part
        yield b"]}"
        self.close()

    def close(self) -> None:
        """Lets go of the spool."""
        self._spool.close()


def _new_spool() -> "SpooledTemporaryFile[bytes]":
    return SpooledTemporaryFile(_SPOOL_MEMORY_BYTES)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    number: int
    size: int
    task: "asyncio.Task[Taken | FieldError]"


class Batch:
    """Takes one body's articles in order, several at the same time."""

    def __init__(self, intake: Intake, caller: Caller, deadline_s: float, max_lines: int, share: Share) -> None:
        self._intake, self._caller, self._deadline_s, self._max_lines = intake, caller, deadline_s, max_lines
        self._share = share
        self._under_way: deque[_UnderWay] = deque()
        self._under_way_bytes = 0
        self._seen = 0
        self.results = Results()

    async def take(self, body: AsyncIterator[bytes], cutter: Cutter) -> Results:
        """What became of each article.

        Raises:
            Refused: the body breaks off, is too large or has too many lines; what came before was taken.
            Unconfirmed: Kafka didn't confirm one in time; sent again, those that were taken are duplicates.
        """
        try:
            async for data in body:
                for piece in cutter.feed(data):
                    await self._begin(piece)
                self._share.resize(self._under_way_bytes + cutter.held_bytes)
            for piece in cutter.close():
                await self._begin(piece)
            await self._settle_down_to(0, 0)
        except BaseException:
            self.results.close()
            await asyncio.gather(*(each.task for each in self._under_way), return_exceptions=True)
            raise
        return self.results

    async def _begin(self, piece: Piece) -> None:
        self._seen += 1
        if self._seen > self._max_lines:
            detail = f"a batch has at most {self._max_lines} articles; the ones before were taken, send the rest in another"
            raise Refused(TOO_LARGE, detail)
        size = len(piece.value)
        self._share.resize(self._under_way_bytes + size)
        self._under_way.append(_UnderWay(piece.number, size, asyncio.create_task(self._outcome(piece))))
        self._under_way_bytes += size
        if self._seen % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
        await self._settle_down_to(_MAX_UNDER_WAY, _MAX_UNDER_WAY_BYTES)

    async def _outcome(self, piece: Piece) -> Taken | FieldError:
        if piece.is_cut:
            return FieldError("body_too_large", "the article is longer than allowed")
        try:
            return await self._intake.article(piece.value, self._caller, self._deadline_s)
        except Rejected as rejected:
            return rejected.error
        except Refused as refused:  # the quota; all else that is refused is about the request, not a line
            return FieldError("quota_used_up", refused.detail)

    async def _settle_down_to(self, most: int, most_bytes: int) -> None:
        while len(self._under_way) > most or self._under_way_bytes > most_bytes:
            oldest = self._under_way[0]
            outcome = await oldest.task
            self._under_way.popleft()
            self._under_way_bytes -= oldest.size
            if isinstance(outcome, Taken):
                self.results.add(outcome.receipt.status, answers.line(oldest.number, outcome))
            else:
                self.results.add("rejected", answers.rejected_line(oldest.number, outcome))
