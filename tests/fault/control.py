"""A worker's end of the line to whoever injects faults: it waits or fails at the place that it was told, and says how it is."""

import asyncio
import json
import os
import socket
from collections.abc import Callable
from typing import Any

from services.runtime.errors import TransientError
from services.runtime.failpoints import Place

# The other end is gone, and nobody would ever let this process go on.
_ORPHANED = 3


class Control:
    """The lines that come in are `hold PLACE`, `fail PLACE`, `go`, `clear` and `status`; out go `at PLACE` and `status JSON`."""

    def __init__(self, line: socket.socket, status: Callable[[], dict[str, Any]]) -> None:
        self._line, self._status = line, status
        self._hold: str | None = None
        self._fail: str | None = None
        self._go = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def at(self, here: Place) -> None:
        """The failpoint: the event loop stays free while a batch waits here, so heartbeats go on."""
        if here == self._fail:
            self._fail = None
            raise TransientError(f"told to fail {here}")
        if here == self._hold:
            self._hold = None
            self._go.clear()
            self._say(f"at {here}")
            await self._go.wait()

    async def listen(self) -> None:
        """Obeys until the other end is gone, and then ends the process."""
        reader, self._writer = await asyncio.open_connection(sock=self._line)
        while order := await reader.readline():
            self._obey(*order.decode().split())
        os._exit(_ORPHANED)

    def _obey(self, order: str, place: str | None = None) -> None:
        match order:
            case "hold":
                self._hold = place
            case "fail":
                self._fail = place
            case "go":
                self._go.set()
            case "clear":
                self._hold = self._fail = None
                self._go.set()
            case "status":
                self._say(f"status {json.dumps(self._status())}")

    def _say(self, line: str) -> None:
        assert self._writer is not None
        self._writer.write(f"{line}\n".encode())
