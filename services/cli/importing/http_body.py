"""An archived answer's body without its compression, and never more of it than allowed."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from services.cli.importing.opened import GZIP, ZSTD

_STEP_BYTES = 1 << 16
_GZIP_BITS = 16 + zlib.MAX_WBITS
_MARKS = b"\xef\xbb\xbf \t\r\n"

Decode = Callable[[bytes], Iterator[bytes]]


class BrokenBody(ValueError):
    """The body isn't in the encoding that its header names, or in one that we don't know."""


class Readable(Protocol):
    """Where the body comes from."""

    def read(self, length: int) -> bytes:
        """At most so many bytes; nothing at the end."""
        ...


def read_body(stream: Readable, encoding: str, max_bytes: int) -> bytes:
    """The body; one byte more than max_bytes when there is more of it. Raises BrokenBody.

    Archives often keep the header of a compression that they have undone: a body that is plainly a page is taken as it is.
    """
    piece = stream.read(_STEP_BYTES)
    decode = _decoder(encoding.strip().lower(), piece)
    body = bytearray()
    while piece and len(body) <= max_bytes:
        for part in decode(piece):
            body += part
            if len(body) > max_bytes:
                break
        piece = stream.read(_STEP_BYTES)
    return bytes(body[: max_bytes + 1])


def _decoder(encoding: str, head: bytes) -> Decode:
    """What undoes the encoding, in steps."""
    if encoding in ("", "identity") or not head or head.lstrip(_MARKS).startswith(b"<"):
        return lambda piece: iter((piece,))
    if encoding in ("gzip", "x-gzip") and head.startswith(GZIP):
        return _inflate(_GZIP_BITS)
    if encoding == "deflate":
        # Most send zlib's format, as the standard says, some the bare one; two bytes tell them apart (RFC 1950).
        is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0
        return _inflate(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
    if encoding == "zstd" and head.startswith(ZSTD):
        return _unpack_zstd()
    raise BrokenBody(f"the body isn't in the encoding {encoding[:20]!r}, or nobody here knows that")


def _inflate(bits: int) -> Decode:
    inflater = zlib.decompressobj(bits)

    def decode(piece: bytes) -> Iterator[bytes]:
        part = b"" if inflater.eof else piece
        while part:
            try:
                part = inflater.decompress(piece, _STEP_BYTES)
            except zlib.error as error:
                raise BrokenBody(f"the body can't be decompressed: {error}") from error
            piece = inflater.unconsumed_tail
            yield part

    return decode


def _unpack_zstd() -> Decode:
    from services.cli.importing.zstandard import zstd

    unpacker: Any = zstd.ZstdDecompressor()

    def decode(piece: bytes) -> Iterator[bytes]:
        part = piece
        while part and not unpacker.eof:
            try:
                part = unpacker.decompress(piece, _STEP_BYTES)
            except zstd.ZstdError as error:
                raise BrokenBody(f"the body can't be decompressed: {error}") from error
            piece = b""
            yield part

    return decode
