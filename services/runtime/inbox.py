"""The bounded waiting room of one partition: records go in as fetched and come out as batches."""

import asyncio
from collections import deque
from collections.abc import Iterable

from services.runtime.records import Record


class Inbox:
    """Records of one partition in order; the fetcher asks `has_room` and never waits, the handler waits for a batch."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self._max_records, self._max_bytes = max_records, max_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def has_room(self) -> bool:
        """Whether to fetch more; a single record may exceed the bound in bytes."""
        return len(self._records) < self._max_records and self._bytes < self._max_bytes

    def put(self, records: Iterable[Record]) -> None:
        """Adds records behind those that wait."""
        for record in records:
            self._records.append(record)
            self._bytes += record.size_bytes
        if self._records:
            self._arrived.set()

    @property
    def next_offset(self) -> int:
        """The offset of the record that is taken next; one must have arrived."""
        return self._records[0].offset

    async def arrived(self) -> None:
        """Returns when a record waits."""
        await self._arrived.wait()

    def take(self, max_records: int, max_bytes: int) -> list[Record]:
        """The next batch: at least one record where one waits, at most so many and, but for a single one, so heavy."""
        batch: list[Record] = []
        weight = 0
        while self._records and len(batch) < max_records:
            size_bytes = self._records[0].size_bytes
            if batch and weight + size_bytes > max_bytes:
                break
            batch.append(self._records.popleft())
            weight += size_bytes
        self._bytes -= weight
        if not self._records:
            self._arrived.clear()
        return batch
