"""A TCP proxy of our own on loopback: it relays bytes until a test has it drop, refuse or stall connections."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

HOST = "127.0.0.1"

_CHUNK_BYTES = 64 * 1024
# Closed with a reset and not in good order, as a firewall that lost its table would.
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on `port` and relays to another port of this machine."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._connections: set[asyncio.StreamWriter] = set()
        self._refuses = False
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._connections) // 2

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Relays until the block ends."""
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.drop()

    def drop(self) -> int:
        """Resets every connection; how many there were."""
        count = self.connections
        for writer in list(self._connections):
            _reset(writer)
        return count

    def refuse(self) -> None:
        """Resets every new connection until `accept`; the port stays ours meanwhile."""
        self._refuses = True

    def accept(self) -> None:
        """Takes new connections again."""
        self._refuses = False

    def stall(self) -> None:
        """Holds all bytes back until `flow`; connections stay open."""
        self._flows.clear()

    def flow(self) -> None:
        """Lets bytes through again."""
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
        except OSError:  # nobody listens behind us, and so nobody does in front
            _reset(writer)
            return
        both = {writer, far_writer}
        self._connections |= both
        relays = [asyncio.create_task(self._relay(reader, far_writer)), asyncio.create_task(self._relay(far_reader, writer))]
        try:
            await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections -= both
            for relay in relays:
                relay.cancel()
            for each in both:
                _reset(each)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
