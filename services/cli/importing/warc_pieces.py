"""A WARC file's bytes, decompressed, with marks where its compressed members begin and where they are broken.

Each record of a WARC file has a gzip member (or a Zstandard frame) of its own (ISO 28500, annex D), so one that is broken
costs one record. Files that were compressed as a whole, or in blocks that have nothing to do with records, can be read too.
Memory: a few steps, however much the bytes decompress to.
"""

import zlib
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, BinaryIO, Protocol

from services.cli.importing.opened import GZIP, ZSTD

STEP_BYTES = 1 << 16

RECORD_START = b"WARC/"
_GZIP_MEMBER = GZIP + b"\x08"
_GZIP_BITS = 16 + zlib.MAX_WBITS
# Enough of a member to decompress its first bytes: its header and its table of codes come before.
_TRIED_BYTES = 2_048

# A dictionary stands in a frame of its own before all others (IIPC: Zstandard for WARC files).
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_MAX_DICTIONARY_BYTES = 32_000_000


class Mark(Enum):
    """What happened between two pieces."""

    START = "a member begins, and a record with it"
    DAMAGED = "what came since the last start can't be trusted, and goes no further"
    CUT = "the file ends within a member"


Piece = bytes | Mark


class Decompressor(Protocol):
    """One member."""

    @property
    def eof(self) -> bool:
        """Whether it is whole."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given to it and lies behind its end."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most so many bytes."""
        ...


class _Inflater:
    """zlib's decompressor with the interface of the others: it keeps what didn't fit."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP_BITS)

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """The file's content from its beginning; never raises for what is in it."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(GZIP):
        yield from _members(file, _Inflater, _GZIP_MEMBER, (zlib.error,))
    elif head in (ZSTD, _DICTIONARY):
        from services.cli.importing.zstandard import zstd

        dictionary = _dictionary(file, zstd) if head == _DICTIONARY else None
        yield from _members(file, lambda: zstd.ZstdDecompressor(dictionary), ZSTD, (zstd.ZstdError,))
    else:
        while piece := file.read(STEP_BYTES):
            yield piece


def _members(
    file: BinaryIO, new: Callable[[], Decompressor], magic: bytes, errors: tuple[type[Exception], ...]
) -> Iterator[Piece]:
    """All members, broken ones as far as they go; the next one is then looked for by its first bytes."""
    begin, is_per_record = file.tell(), True
    while True:
        is_empty = True
        end: int | None = None
        for item in _member(file, begin, new(), errors):
            if isinstance(item, bytes):
                if is_empty and item.startswith(RECORD_START):
                    yield Mark.START
                elif is_empty:
                    is_per_record = False
                is_empty = False
                yield item
            elif isinstance(item, Mark):
                if is_empty and is_per_record:
                    yield Mark.START
                yield item
                end = _found(file, begin + 1, new, magic, errors)
            else:
                end = item
        if end is None or _is_padding(file, end):
            return
        begin = end


def _member(
    file: BinaryIO, begin: int, member: Decompressor, errors: tuple[type[Exception], ...]
) -> Iterator[bytes | Mark | int]:
    """Its content, then where it ends, or how it is broken."""
    file.seek(begin)
    part = b""
    while not member.eof:
        data = b"" if len(part) == STEP_BYTES else file.read(STEP_BYTES)  # a full step may have left some behind
        if not data and len(part) < STEP_BYTES:
            yield Mark.CUT
            return
        try:
            part = member.decompress(data, STEP_BYTES)
        except errors:
            yield Mark.DAMAGED
            return
        if part:
            yield part
    yield file.tell() - len(member.unused_data)


def _found(
    file: BinaryIO, begin: int, new: Callable[[], Decompressor], magic: bytes, errors: tuple[type[Exception], ...]
) -> int | None:
    """The place of the next member that a record begins with; None when there is no more."""
    file.seek(begin)
    base, block = begin, file.read(STEP_BYTES)
    while block:
        at = block.find(magic)
        while at >= 0:
            if _is_start(file, base + at, new(), errors):
                return base + at
            at = block.find(magic, at + 1)
        file.seek(base + len(block))
        kept = block[-len(magic) + 1 :]
        more = file.read(STEP_BYTES)
        base, block = base + len(block) - len(kept), kept + more if more else b""
    return None


def _is_start(file: BinaryIO, at: int, member: Decompressor, errors: tuple[type[Exception], ...]) -> bool:
    file.seek(at)
    try:
        return member.decompress(file.read(_TRIED_BYTES), len(RECORD_START)) == RECORD_START
    except errors:
        return False


def _is_padding(file: BinaryIO, begin: int) -> bool:
    """Whether nothing but zeros follows, as some tapes and archives leave them."""
    file.seek(begin)
    while block := file.read(STEP_BYTES):
        if block.strip(b"\0"):
            return False
    return True


def _dictionary(file: BinaryIO, zstd: Any) -> Any:
    """The dictionary at the beginning, itself perhaps compressed; None for a broken one, without which no frame can be read.

    The file's position is then behind it.
    """
    size = int.from_bytes(file.read(8)[4:], "little")
    content = file.read(min(size, _MAX_DICTIONARY_BYTES))
    try:
        if content.startswith(ZSTD):
            content = zstd.ZstdDecompressor().decompress(content, _MAX_DICTIONARY_BYTES)
        return zstd.ZstdDict(content)
    except (zstd.ZstdError, ValueError):
        return None
