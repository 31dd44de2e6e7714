"""A small HTTP/1.1 client that costs little, so that it is the server that is measured: requests on kept connections."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field

_HEADERS_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_CHUNKED = b"transfer-encoding: chunked"


@dataclass
class Load:
    """What a load brought."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that so large a share stays below, in milliseconds."""
        return sorted(self.latencies_s)[min(len(self.latencies_s) - 1, int(len(self.latencies_s) * share))] * 1000


def post(path: str, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """The bytes of a request."""
    more = "".join(f"\r\n{name}: {value}" for name, value in headers.items())
    return _head(path, content_type, f"Content-Length: {len(body)}{more}") + body


async def load(port: int, requests: Iterable[bytes], connections: int) -> Load:
    """Sends the requests over so many connections, one at a time on each."""
    found, queue = Load(), iter(requests)
    began = time.perf_counter()
    await asyncio.gather(*(_talk(port, queue, found) for _ in range(connections)))
    found.seconds = time.perf_counter() - began
    return found


async def stream(port: int, path: str, content_type: str, chunks: AsyncIterator[bytes]) -> tuple[int, bytes]:
    """Sends one body in chunks, without saying how long it is; status and body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_head(path, content_type, "Transfer-Encoding: chunked"))
        async for chunk in chunks:
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return await _answer(reader)
    finally:
        writer.close()


def _head(path: str, content_type: str, length: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n{length}\r\n\r\n".encode()


async def _talk(port: int, queue: Iterator[bytes], found: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for sent in queue:
            began = time.perf_counter()
            writer.write(sent)
            await writer.drain()
            status, _ = await _answer(reader)
            found.latencies_s.append(time.perf_counter() - began)
            found.statuses[status] = found.statuses.get(status, 0) + 1
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(_HEADERS_END)).lower()
    status = int(head[9:12])
    if _CHUNKED in head:
        return status, b"".join([part async for part in _chunks(reader)])
    at = head.index(_LENGTH) + len(_LENGTH)
    return status, await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
