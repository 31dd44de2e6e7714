"""Cuts a body into articles as it comes, without parsing them: lines of NDJSON, or the elements of a JSON array."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

_MARK = re.compile(rb'["\\{}\[\],]')
_IN_STRING = re.compile(rb'["\\]')
_BLANKS = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of one article: the line's or element's number, from 1. `value` is empty when `is_cut`: it was too long."""

    number: int
    value: bytes
    is_cut: bool = False


class Cutter(Protocol):
    """Takes a body bit by bit."""

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that are whole now."""
        ...

    def close(self) -> Iterator[Piece]:
        """What is left at the end."""
        ...

    @property
    def held_bytes(self) -> int:
        """What is kept of a piece that isn't whole yet."""
        ...


@dataclass(slots=True)
class _Growing:
    """A piece that isn't whole yet; nothing is kept of one that is too long."""

    max_bytes: int
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= self.max_bytes:
            self.parts.append(part)
        else:
            self.parts.clear()

    def take(self, number: int) -> Piece:
        """The piece without blanks around it; begins the next."""
        piece = Piece(number, b"".join(self.parts).strip(_BLANKS), self.size > self.max_bytes)
        self.parts.clear()
        self.size = 0
        return piece


class Lines:
    """NDJSON: an article a line; empty lines are counted and nothing else."""

    def __init__(self, max_bytes: int) -> None:
        self._line, self._number = _Growing(max_bytes), 0

    @property
    def held_bytes(self) -> int:
        return min(self._line.size, self._line.max_bytes)

    def feed(self, data: bytes) -> Iterator[Piece]:
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._line.add(end)
            yield from self._next()
        if rest:
            self._line.add(rest)

    def close(self) -> Iterator[Piece]:
        yield from self._next()

    def _next(self) -> Iterator[Piece]:
        self._number += 1
        piece = self._line.take(self._number)
        if self._number == 1 and piece.value.startswith(_BYTE_ORDER_MARK):
            piece = Piece(1, piece.value.removeprefix(_BYTE_ORDER_MARK))
        if piece.value or piece.is_cut:
            yield piece


class Elements:
    """A JSON array: an article an element. What is broken comes out as a piece too, and is rejected as no JSON."""

    def __init__(self, max_bytes: int) -> None:
        self._element, self._number = _Growing(max_bytes), 0
        self._depth, self._skip = 0, 0
        self._is_string, self._is_closed, self._follows_comma = False, False, False

    @property
    def held_bytes(self) -> int:
        return min(self._element.size, self._element.max_bytes)

    def feed(self, data: bytes) -> Iterator[Piece]:
        start = 0
        for place in self._separators(data):
            self._element.add(data[start:place])
            start = place + 1
            yield from self._next(data[place : place + 1])
        self._element.add(data[start:])

    def close(self) -> Iterator[Piece]:
        """The rest after the last bracket, or after the last comma when the bracket is missing."""
        piece = self._element.take(self._number + 1)
        if piece.value or piece.is_cut or not self._is_closed:
            yield piece

    def _next(self, mark: bytes) -> Iterator[Piece]:
        is_first = mark == b"["
        piece = self._element.take(self._number + 1)
        # Nothing stands before the first bracket, nor between the two of an empty array.
        if piece.value or piece.is_cut or (not is_first and (mark == b"," or self._follows_comma)):
            self._number += 1
            yield Piece(self._number, piece.value, piece.is_cut)
        self._follows_comma = mark == b","

    def _separators(self, data: bytes) -> Iterator[int]:
        """Where the array's own brackets and commas are; strings and what is inside of elements are passed over."""
        at, self._skip = self._skip, 0
        while found := (_IN_STRING if self._is_string else _MARK).search(data, at):
            at = found.end()
            mark = found.group()
            if mark == b'"':
                self._is_string = not self._is_string
            elif mark == b"\\":
                at += self._is_string
            elif not self._is_closed and self._is_separator(mark):
                yield found.start()
        self._skip = max(0, at - len(data))

    def _is_separator(self, mark: bytes) -> bool:
        if mark in b"{[":
            self._depth += 1
            return self._depth == 1 and mark == b"["
        if mark in b"}]":
            self._depth -= 1
            self._is_closed = self._depth <= 0
            return self._depth == 0 and mark == b"]"
        return self._depth == 1 and mark == b","
