"""Reads the pieces of a WARC file as one stream that stops at every break, and finds the next record behind one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.cli.importing.warc_pieces import Mark, Piece

# No header of a real record is longer; a line without an end must not be collected in memory.
MAX_LINE_BYTES = 1 << 16
MAX_HEADER_BYTES = 1 << 20

_START = re.compile(rb"WARC/\d+\.\d+\r?\n\Z")


class HeaderTooLong(ValueError):
    """The header of a record goes on and on."""


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between a record and the next one."""

    start: bytes | None
    """The next record's first line; None at the end of the file."""
    fault: Mark | None
    """What is wrong with the record before: it was broken, or isn't as long as it says."""
    lost: tuple[Mark, ...]
    """Members of which nothing could be read, one record each."""


class WarcStream:
    """`read` and `readline` as warcio calls them: both stop short at a mark and at the end, and then give nothing."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces, self._buffer, self._at = pieces, b"", 0
        self._mark: Mark | None = None
        self._header_left: int | None = None

    def begin_header(self) -> None:
        """From here on lines are counted; too many bytes of them raise HeaderTooLong."""
        self._header_left = MAX_HEADER_BYTES

    def end_header(self) -> None:
        """Lines are free again."""
        self._header_left = None

    def read(self, length: int) -> bytes:
        """So many bytes, fewer at a break."""
        parts = []
        while length > 0 and self._fill():
            part = self._buffer[self._at : self._at + length]
            parts.append(part)
            self._at += len(part)
            length -= len(part)
        return b"".join(parts)

    def readline(self, length: int | None = None) -> bytes:
        """A line with its end, cut where it is too long; less at a break."""
        left = MAX_LINE_BYTES if length is None else min(length, MAX_LINE_BYTES)
        parts: list[bytes] = []
        while left > 0 and self._fill():
            end = self._buffer.find(b"\n", self._at, self._at + left) + 1
            part = self._buffer[self._at : end or self._at + left]
            parts.append(part)
            self._at += len(part)
            left = 0 if end else left - len(part)
        line = b"".join(parts)
        if self._header_left is not None:
            self._header_left -= len(line)
            if self._header_left < 0:
                raise HeaderTooLong(f"a header of more than {MAX_HEADER_BYTES} bytes")
        return line

    def next_start(self) -> Between:
        """Goes to the next record's first line, whatever lies before it."""
        self.end_header()
        fault: Mark | None = None
        lost: list[Mark] = []
        is_begun = False  # a member, of which nothing has come yet
        while True:
            if line := self.readline():
                if _START.match(line):
                    return Between(line, fault, tuple(lost))
                fault = fault or (Mark.DAMAGED if line.strip() else None)
                continue
            mark = self._take_mark()
            if mark is None:
                return Between(None, fault, tuple(lost))
            if mark is Mark.START:
                is_begun = True
            elif is_begun:
                lost.append(mark)
                is_begun = False
            else:
                fault = mark

    def _take_mark(self) -> Mark | None:
        mark, self._mark = self._mark, None
        return mark

    def _fill(self) -> bool:
        """Whether there is something to read before the next mark."""
        while self._at >= len(self._buffer):
            if self._mark is not None:
                return False
            piece = next(self._pieces, None)
            if piece is None or isinstance(piece, Mark):
                self._mark = piece
                return False
            self._buffer, self._at = piece, 0
        return True
