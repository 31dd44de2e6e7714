"""Reads ahead in a thread, so that whoever waits for a slow pipe can still do something else."""

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

# What waits here is in memory; single inputs may weigh 12 MB.
_MAX_WAITING = 16


class Arrivals(Generic[T]):
    """An iterator's items as they arrive; what it raises is raised by `take`, in its place."""

    def __init__(self, items: Iterator[T]) -> None:
        self._waiting: queue.Queue[T | BaseException | None] = queue.Queue(_MAX_WAITING)
        self._last: BaseException | None = None
        self._is_over = False
        # A daemon: reading a terminal or a pipe can't be called off, and must not keep the process.
        threading.Thread(target=self._read, args=(items,), name="reader", daemon=True).start()

    def take(self, most: int, wait_s: float) -> Sequence[T] | None:
        """What has arrived, at most so many: empty when nothing did in time (seconds), None after the last."""
        if self._is_over:
            return None
        taken: list[T] = []
        try:
            while len(taken) < most:
                item = self._last or self._waiting.get(block=not taken, timeout=wait_s)
                if item is None or isinstance(item, BaseException):
                    return self._end(item, taken)
                taken.append(item)
        except queue.Empty:
            pass
        return taken

    def _end(self, error: BaseException | None, taken: list[T]) -> Sequence[T] | None:
        """First hands out what came before the end, or before the error."""
        if error is not None and taken:
            self._last = error
            return taken
        self._is_over = True
        if error is not None:
            raise error
        return taken or None

    def _read(self, items: Iterator[T]) -> None:
        try:
            for item in items:
                self._waiting.put(item)
            self._waiting.put(None)
        except BaseException as error:  # raised again by `take`
            self._waiting.put(error)
