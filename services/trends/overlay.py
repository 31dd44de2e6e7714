"""What a batch is about to write, over what the table holds: the next record of the batch sees it already."""

from services.trends.table import PartitionTable


class Overlay:
    """One batch's view of one partition; hand `writes` to the table when all that depends on them is confirmed."""

    def __init__(self, table: PartitionTable, partition: int) -> None:
        """Empty over the table."""
        self._table, self._partition = table, partition
        self._newest: dict[bytes, bytes | None] = {}
        self.writes: list[tuple[bytes, bytes | None]] = []
        """Every write in order, also those that a later one of the batch replaces: whatever part of them a crash lets through is
        a state in which some records are settled, and the next one at most in part."""

    def get(self, key: bytes) -> bytes | None:
        """The newest value, None when there is none; raises Revoked."""
        if key in self._newest:
            return self._newest[key]
        return self._table.get(self._partition, key)

    def put(self, key: bytes, value: bytes | None) -> None:
        """Sets it, or deletes it with None."""
        self._newest[key] = value
        self.writes.append((key, value))
