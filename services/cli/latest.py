"""Remembers where the last record of each key is, in a few bytes a key."""

import hashlib

_DIGEST_BYTES = 12  # 2 keys in a billion collide with a chance of 1 in 10^11


class LatestByKey:
    """Fed with every record once, then asked about each."""

    def __init__(self) -> None:
        self._offsets: dict[bytes, int] = {}

    def see(self, partition: int, offset: int, key: bytes | None) -> None:
        """Takes a record into account; records of a partition come in order."""
        if key is not None:
            self._offsets[_digest(partition, key)] = offset

    def is_latest(self, partition: int, offset: int, key: bytes | None) -> bool:
        """Whether no later record of its partition has its key; always so without a key."""
        return key is None or self._offsets.get(_digest(partition, key)) == offset


def _digest(partition: int, key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=_DIGEST_BYTES, key=b"%d" % partition).digest()
