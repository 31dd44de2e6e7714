"""Cuts a JSON array of any size into the bytes of its elements, without parsing them: each is judged by itself later."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

_CHUNK_BYTES = 1 << 16
_MARK = re.compile(rb'["\\{}\[\],]')


@dataclass(frozen=True, slots=True)
class Element:
    """The bytes between two commas of the array, without blanks around them."""

    line: int
    value: bytes
    is_cut: bool
    """Whether it was longer than allowed; `value` is then only its beginning."""


@dataclass(slots=True)
class _Open:
    """The element that is being read."""

    max_bytes: int
    line: int = 1
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    newlines: int = 0

    def add(self, part: bytes) -> None:
        self.newlines += part.count(b"\n")
        if self.size <= self.max_bytes:
            self.parts.append(part[: self.max_bytes + 1 - self.size])
        self.size += len(part)

    def close(self) -> Element:
        whole = b"".join(self.parts)
        value = whole.lstrip()
        line = self.line + whole[: len(whole) - len(value)].count(b"\n")
        element = Element(line, value.rstrip(), self.size > self.max_bytes)
        self.line, self.newlines, self.size = self.line + self.newlines, 0, 0
        self.parts.clear()
        return element


def elements(stream: BinaryIO, max_bytes: int, line: int = 1) -> Iterator[Element]:
    """The elements of the array that begins at the stream's next byte other than a blank, in order.

    What is broken comes out as an element too: the rest after a missing bracket, or what stands behind the last one.
    `line` is the number of the stream's next line.
    """
    current, marks = _Open(max_bytes, line), _Marks()
    is_first = True
    for chunk in iter(lambda: stream.read(_CHUNK_BYTES), b""):
        start = 0
        for place, is_end in marks.separators(chunk):
            current.add(chunk[start:place])
            start = place + 1
            element = current.close()
            if element.value or not (is_end or is_first):
                yield element
            is_first = False
        current.add(chunk[start:])
    rest = current.close()
    if rest.value or not marks.is_closed:
        yield rest


class _Marks:
    """Follows strings and brackets, chunk by chunk."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_string = False
        self._skip = 0
        self.is_closed = False

    def separators(self, chunk: bytes) -> Iterator[tuple[int, bool]]:
        """Where the array's own brackets and commas are, and whether it is the bracket that ends the array."""
        for found in _MARK.finditer(chunk):
            place, mark = found.start(), found.group()
            if place < self._skip:
                continue
            if self._is_string:
                self._in_string(place, mark)
            elif mark == b'"':
                self._is_string = True
            elif not self.is_closed and self._is_separator(mark):
                yield place, self.is_closed
        self._skip = max(0, self._skip - len(chunk))

    def _in_string(self, place: int, mark: bytes) -> None:
        if mark == b"\\":
            self._skip = place + 2
        elif mark == b'"':
            self._is_string = False

    def _is_separator(self, mark: bytes) -> bool:
        if mark in b"{[":
            self._depth += 1
            return self._depth == 1
        if mark in b"}]":
            self._depth -= 1
            self.is_closed = self._depth == 0
            return self.is_closed
        return self._depth == 1 and mark == b","
