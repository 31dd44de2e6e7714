"""An answer's body, read in pieces and never more of it than allowed, compressed or not."""

import zlib
from collections.abc import AsyncIterator, Callable, Iterator

from services.collector.errors import FetchFailed, Refused

ACCEPT_ENCODING = "gzip, deflate"

_STEP_BYTES = 65_536
_GZIP = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b\x08"


async def read_body(pieces: AsyncIterator[bytes], encoding: str, max_bytes: int, truncate: bool = False) -> bytes:
    """The decoded body.

    A body that decodes to more than max_bytes is refused after that many bytes were decoded, however small it came, or cut
    there with truncate; so memory is bounded by max_bytes whatever is sent.

    Raises:
        Refused: too large.
        FetchFailed: not in the encoding that it is said to be in, or in one that we didn't ask for, or broken off in it.
    """
    body, decode = bytearray(), _decoder(encoding)
    async for piece in pieces:
        for part in decode.feed(piece):
            body += part
            if len(body) > max_bytes:
                if truncate:
                    return bytes(body[:max_bytes])
                raise too_large(max_bytes)
    decode.finish()
    return bytes(body)


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """The content of a file in gzip, bounded as `read_body`."""
    content, decode = bytearray(), _Inflate(lambda head: _GZIP)
    for part in decode.feed(body):
        content += part
        if len(content) > max_bytes:
            raise too_large(max_bytes)
    decode.finish()
    return bytes(content)


def too_large(max_bytes: int) -> Refused:
    """The refusal of a body that goes on and on."""
    return Refused("too_large", f"more than {max_bytes:,} bytes, decompressed")


class _Plain:
    def feed(self, piece: bytes) -> Iterator[bytes]:
        yield piece

    def finish(self) -> None:
        pass


class _Inflate:
    """Decompresses piece by piece, never more than a step at once."""

    def __init__(self, window_bits: Callable[[bytes], int]) -> None:
        self._window_bits = window_bits
        self._inflater: zlib._Decompress | None = None
        self._is_multiple = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        more = bool(piece)
        while more:
            if self._inflater is None:
                if self._is_multiple and not piece.startswith(GZIP_MAGIC[: len(piece)]):
                    return  # padding behind the last member
                self._inflater = zlib.decompressobj(self._window_bits(piece))
            try:
                part = self._inflater.decompress(piece, _STEP_BYTES)
            except zlib.error as error:
                raise FetchFailed("broken_answer", f"the body isn't in its encoding: {error}") from error
            yield part
            piece, is_full = self._inflater.unconsumed_tail, len(part) == _STEP_BYTES
            if self._inflater.eof:
                piece, is_full, self._inflater, self._is_multiple = self._inflater.unused_data, False, None, True
            more = bool(piece) or is_full  # a full step may have left output behind without input

    def finish(self) -> None:
        if self._inflater is not None and not self._inflater.eof:
            raise FetchFailed("broken_answer", "the compressed body broke off")


def _decoder(encoding: str) -> _Plain | _Inflate:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Plain()
    if name in ("gzip", "x-gzip"):
        return _Inflate(lambda head: _GZIP)
    if name == "deflate":
        # Most send zlib's format, as the standard says, some the bare one; the first byte tells them apart.
        return _Inflate(lambda head: zlib.MAX_WBITS if head[0] & 0x0F == 8 else -zlib.MAX_WBITS)
    raise FetchFailed("broken_answer", f"the content encoding {name!r} was not asked for")
