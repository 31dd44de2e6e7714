"""A Faust table by partition: the changelog first, confirmed, then RocksDB, in one batch with the changelog's offset.

Faust itself writes RocksDB at once and the changelog some time later, so that a worker that dies in between remembers what
nobody else ever will. Here the local state is never ahead of the changelog, and it is always a state that the changelog had.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import faust
import rocksdict

from services.trends.sending import Send, send_all
from services.trends.transport import App

# Of each partition. Faust's own figures (192 MB of buffers, 2 GB of cache) are meant for a machine of its own.
_ROCKSDB = {"write_buffer_size": 8_000_000, "max_write_buffer_number": 2, "block_cache_size": 32_000_000, "max_open_files": 256}


class Revoked(Exception):
    """The partition has been handed to another worker: drop what was in work, it will be read again there."""


class PartitionTable:
    """Bytes by bytes, in as many partitions as the topic that feeds it."""

    def __init__(self, app: App, name: str, partitions: int) -> None:
        """Declares it; Faust makes the changelog topic `<app id>-<name>-changelog` and recovers from it."""
        self._app = app
        self._table: Any = app.Table(name, key_type=bytes, value_type=bytes, partitions=partitions, options=_ROCKSDB)

    @property
    def changelog(self) -> str:
        """The changelog topic's name."""
        return str(self._table.changelog_topic_name)

    def here(self) -> tuple[int, ...]:
        """The partitions that this worker holds now."""
        return tuple(sorted(self._table.data._dbs))

    def position(self, partition: int) -> int:
        """Offset of the newest changelog record that the partition's state contains; −1 when there is none."""
        self._db(partition)
        offset = self._table.persisted_offset(faust.types.TP(self.changelog, partition))
        return -1 if offset is None else int(offset)

    def get(self, partition: int, key: bytes) -> bytes | None:
        """The value, None when there is none; raises Revoked."""
        value: bytes | None = self._db(partition).get(key)
        return value

    def items(self, partition: int, prefix: bytes = b"", after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with the prefix, in order, behind `after` when given; raises Revoked.

        Don't hold the iterator over an await: it keeps the files of a partition that may be handed on.
        """
        cursor = self._db(partition).iter()
        cursor.seek(prefix if after is None else after)
        while cursor.valid() and (key := cursor.key()).startswith(prefix):
            if key != after and key != self._table.data.offset_key:
                yield key, cursor.value()
            cursor.next()

    async def write(self, partition: int, writes: Sequence[tuple[bytes, bytes | None]], generation: int) -> None:
        """Writes in order, deletes where the value is None; returns once both the broker and RocksDB have them.

        `generation` is that in which the records were read that the writes come of.

        Raises:
            Revoked: that generation has ended, before or while the broker confirmed the writes.
        """
        if not writes:
            return
        self._check(generation)
        offsets = await send_all(self._app.producer, [Send(self.changelog, partition, key, value) for key, value in writes])
        self._check(generation)
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in writes:
            batch.delete(key) if value is None else batch.put(key, value)
        batch.put(self._table.data.offset_key, b"%d" % max(offsets))
        self._db(partition).write(batch)

    def _check(self, generation: int) -> None:
        if generation != self._app.consumer_generation_id or self._app.rebalancing:
            raise Revoked

    def _db(self, partition: int) -> Any:
        try:
            return self._table.data._dbs[partition]
        except KeyError:
            raise Revoked from None
