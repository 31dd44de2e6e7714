"""What a site says about itself in files at fixed places (robots.txt, tdmrep.json), kept for a day, also over a restart."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.collector.state import State

# Files of half a megabyte exist; what isn't held in memory is in the state file.
_MOST_IN_MEMORY = 128


@dataclass(frozen=True)
class SiteFiles:
    """The files by URL."""

    state: State
    now: Callable[[], float]
    max_age_s: float
    _known: dict[str, tuple[str, float]] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def content(self, url: str, fetch: Callable[[], Awaitable[str]]) -> str:
        """The file's content, by fetch when we don't have it or it is too old; two who ask at once share one fetch."""
        lock = self._locks.setdefault(url, asyncio.Lock())
        async with lock:
            known = self._known.get(url)
            content, expires_at = known if known else await self.state(read_file, url)
            if expires_at <= self.now():
                content, expires_at = await fetch(), self.now() + self.max_age_s
                await self.state(write_file, url, content, expires_at)
            if len(self._known) >= _MOST_IN_MEMORY:
                self._known.clear()
            self._known[url] = (content, expires_at)
            return content


def read_file(connection: sqlite3.Connection, url: str) -> tuple[str, float]:
    """Content and when it is too old; 0.0 for a file that we don't have."""
    row = connection.execute("SELECT body, expires_at FROM site_files WHERE url = ?", (url,)).fetchone()
    return (row["body"], row["expires_at"]) if row else ("", 0.0)


def write_file(connection: sqlite3.Connection, url: str, content: str, expires_at: float) -> None:
    """Keeps the file."""
    connection.execute("INSERT OR REPLACE INTO site_files VALUES (?, ?, ?)", (url, content, expires_at))
