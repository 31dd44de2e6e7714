"""Deletes what is too old from a table, in event time, a little with each batch.

Faust's own expiry looks at the wall clock, so that a replay of history loses what it has just counted, and its list of what
to expire is in memory, so that after a restart old keys stay for ever.
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.trends.table import PartitionTable

# Keys looked at with each batch: 0.01 s of articles, 0.05 s of counters, which are read whole.
_STEP = 5_000
_EVERY_S = 60 * 60


@dataclass(slots=True)
class Sweep:
    """Goes through the keys with a prefix once for each hour of the stream's time."""

    table: PartitionTable
    prefix: bytes
    replacement: Callable[[bytes, bytes, int], tuple[bool, bytes | None]]
    """From key, value and the stream's time in seconds: whether it changes, and the new value (None deletes it)."""
    _hour: int = 0
    _after: bytes | None = None
    _is_running: bool = False

    def step(self, partition: int, now_s: int) -> list[tuple[bytes, bytes | None]]:
        """What is to be written to the table now; raises Revoked."""
        if not self._is_running and now_s // _EVERY_S > self._hour:
            self._is_running, self._after = self._hour > 0, None
            self._hour = now_s // _EVERY_S
        if not self._is_running:
            return []
        changes: list[tuple[bytes, bytes | None]] = []
        seen = 0
        for key, value in self.table.items(partition, self.prefix, self._after):
            is_changed, new = self.replacement(key, value, now_s)
            if is_changed:
                changes.append((key, new))
            self._after, seen = key, seen + 1
            if seen >= _STEP:
                break
        self._is_running = seen >= _STEP
        return changes
