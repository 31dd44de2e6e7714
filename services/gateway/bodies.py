"""A request's body: decoded as it comes, bounded in size and time, whatever its compressed form would grow to."""

import asyncio
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

from starlette.requests import Request

from services.gateway.errors import BAD_REQUEST, TIMED_OUT, TOO_LARGE, UNSUPPORTED, Refused
from services.gateway.limits import Share

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What a decoder hands out at once: the most that a bomb can make us hold before it is counted.
_PIECE_BYTES = 65_536

# RFC 9659: HTTP's zstd has windows of at most 8 MB.
_ZSTD_WINDOW_LOG = 23

_CHARSETS = ("", "utf-8", "utf8")


class _Decoder(Protocol):
    """Turns what came into what was meant, in bounded pieces."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that are whole now; raises Refused when the bytes aren't what they should be."""
        ...

    def close(self) -> None:
        """Raises Refused when the end is missing."""
        ...


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def close(self) -> None:
        pass


class _Gzip:
    """One or more gzip members."""

    def __init__(self) -> None:
        self._member = _new_gzip()
        self._is_within = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or (piece and self._is_within):  # a full piece may have left some inside
            try:
                piece = self._member.decompress(data, _PIECE_BYTES)
            except zlib.error:
                raise Refused(BAD_REQUEST, "the body is no gzip") from None
            self._is_within = not self._member.eof
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if self._member.eof:
                self._member = _new_gzip()
            if piece:
                yield piece

    def close(self) -> None:
        if self._is_within:
            raise Refused(BAD_REQUEST, "the gzip body breaks off")


class _Zstd:
    """One or more zstd frames."""

    def __init__(self) -> None:
        self._frame = _new_zstd()
        self._is_within = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data or not self._frame.needs_input:
            try:
                piece = self._frame.decompress(data, _PIECE_BYTES)
            except zstd.ZstdError:
                raise Refused(BAD_REQUEST, "the body is no zstd, or needs a window over 8 MB") from None
            self._is_within, data = not self._frame.eof, b""
            if self._frame.eof:
                data = self._frame.unused_data
                self._frame = _new_zstd()
            if piece:
                yield piece

    def close(self) -> None:
        if self._is_within:
            raise Refused(BAD_REQUEST, "the zstd body breaks off")


def _new_gzip() -> Any:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _new_zstd() -> Any:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


_DECODERS: dict[str, Callable[[], _Decoder]] = {"": _Identity, "identity": _Identity, "gzip": _Gzip, "zstd": _Zstd}


def require_media_type(request: Request, wanted: tuple[str, ...]) -> str:
    """The body's media type, one of the wanted; raises Refused (415) for any other, and for text that isn't UTF-8."""
    name, _, parameters = request.headers.get("content-type", "").partition(";")
    name = name.strip().lower()
    if name not in wanted:
        raise Refused(UNSUPPORTED, f"Content-Type is {' or '.join(wanted)}", headers={"Accept-Post": ", ".join(wanted)})
    for parameter in parameters.split(";"):
        label, _, value = parameter.partition("=")
        if label.strip().lower() == "charset" and value.strip().strip('"').lower() not in _CHARSETS:
            raise Refused(UNSUPPORTED, "JSON is UTF-8: leave charset out")
    return name


async def pieces(request: Request, max_bytes: int, timeout_s: float) -> AsyncIterator[bytes]:
    """The decoded body as it comes.

    Raises:
        Refused: 400 broken compression or a client that went away, 408 nothing came for so long, 413 more than
            `max_bytes`, 415 an encoding that isn't known.
    """
    decoder = _decoder(request)
    _require_announced(request, max_bytes)
    left = max_bytes
    is_more = True
    while is_more:
        try:
            async with asyncio.timeout(timeout_s):
                message = await request.receive()
        except TimeoutError:
            raise Refused(TIMED_OUT, f"nothing of the body came for {timeout_s:g} s") from None
        if message["type"] == "http.disconnect":
            raise Refused(BAD_REQUEST, "the body breaks off")
        is_more = message.get("more_body", False)
        for piece in decoder.feed(message.get("body", b"")):
            left -= len(piece)
            if left < 0:
                raise Refused(TOO_LARGE, f"the body is larger than {max_bytes} bytes")
            yield piece
    decoder.close()


async def whole(request: Request, share: Share, max_bytes: int, timeout_s: float) -> bytes:
    """The decoded body at once; raises as `pieces` does, and 503 when too much is held already."""
    parts, size = [], 0
    async for piece in pieces(request, max_bytes, timeout_s):
        size += len(piece)
        share.resize(size)
        parts.append(piece)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def drain(request: Request, max_bytes: int, deadline_s: float) -> None:
    """Reads on and throws away, so that a client that is still sending hears our answer; bounded both ways."""
    left = max_bytes
    try:
        async with asyncio.timeout(deadline_s):
            while left >= 0:
                message = await request.receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _decoder(request: Request) -> _Decoder:
    name = request.headers.get("content-encoding", "").strip().lower()
    if name not in _DECODERS:
        raise Refused(UNSUPPORTED, "Content-Encoding is gzip, zstd or none", headers={"Accept-Encoding": "gzip, zstd"})
    return _DECODERS[name]()


def _require_announced(request: Request, max_bytes: int) -> None:
    """A body that says that it is too large is refused before it is read."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise Refused(TOO_LARGE, f"the body is larger than {max_bytes} bytes")
