"""What was accepted lately: each article's last digest and revision, bounded in number and age.

An entry takes about 250 bytes: a 16-byte key and 32 packed bytes, where plain objects would take three times as much.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

# The first 16 bytes of the SHA-256, the revision, and when it was accepted, in seconds since 1970.
_PACKED = struct.Struct(">16sqd")
_PREFIX = "sha256:"
_WITHDRAWN = bytes(16)
_MAX_REVISION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Seen:
    """The last that was accepted of an article."""

    digest: bytes
    revision: int

    @property
    def is_withdrawn(self) -> bool:
        """Whether that was its withdrawal."""
        return self.digest == _WITHDRAWN

    def has(self, digest: str) -> bool:
        """Whether the article's content was this."""
        return self.digest == _shortened(digest)


class Window:
    """Forgets what is old, and beyond its size what it heard of longest ago."""

    def __init__(self, max_articles: int, max_age_s: float, now: Callable[[], float]) -> None:
        """`now` gives seconds since 1970."""
        self.max_articles, self.max_age_s = max_articles, max_age_s
        self._now = now
        self._entries: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def seen(self, article_id: str) -> Seen | None:
        """What is known of an article; None when nothing or only what is too old."""
        packed = self._entries.get(_key(article_id))
        if packed is None:
            return None
        digest, revision, accepted_at = _PACKED.unpack(packed)
        return Seen(digest, revision) if self._now() - accepted_at <= self.max_age_s else None

    def note(self, article_id: str, digest: str | None, revision: int, accepted_at: float | None = None) -> None:
        """Remembers what was accepted; a digest of None is a withdrawal."""
        key = _key(article_id)
        self._entries.pop(key, None)  # a later one goes behind the others
        short = _WITHDRAWN if digest is None else _shortened(digest)
        moment = self._now() if accepted_at is None else accepted_at
        self._entries[key] = _PACKED.pack(short, min(revision, _MAX_REVISION), moment)
        self._forget()

    def put_in_order(self) -> None:
        """The oldest first, as they are after one another in life; for entries that were read partition by partition."""
        self._entries = dict(sorted(self._entries.items(), key=lambda entry: _PACKED.unpack(entry[1])[2]))

    def _forget(self) -> None:
        """Drops from the beginning: the longest known ones. Two at most, so that no single call takes long."""
        for _ in range(2):
            oldest = next(iter(self._entries))
            _, _, accepted_at = _PACKED.unpack(self._entries[oldest])
            if len(self._entries) <= self.max_articles and self._now() - accepted_at <= self.max_age_s:
                return
            if len(self._entries) > 1:
                del self._entries[oldest]


def next_revision(given: int | None, seen: Seen | None) -> int:
    """The revision of changed content: one more than the last, or the given one where that is higher."""
    if seen is None:
        return given or 0
    return max(given or 0, min(seen.revision + 1, _MAX_REVISION))


def _key(article_id: str) -> bytes:
    """The 16 bytes of a UUID in its usual form; four times as fast as uuid.UUID."""
    return bytes.fromhex(article_id.replace("-", ""))


def _shortened(digest: str) -> bytes:
    return bytes.fromhex(digest.removeprefix(_PREFIX)[:32])
