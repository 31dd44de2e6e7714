"""What the collector must not forget when it is killed: one SQLite file, spoken to from one thread.

Why a file and not a compacted topic: docs/decisions/0010-collector-state.md.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from services.runtime.errors import ConfigurationError

P = ParamSpec("P")
T = TypeVar("T")

_VERSION = 1

# Times are seconds since the epoch. `targets.due_at` null: nothing more to do. `hosts.next_at`: no request before it.
_TABLES = """
CREATE TABLE targets (
    key TEXT PRIMARY KEY, url TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, parent TEXT, host TEXT NOT NULL,
    due_at REAL, etag TEXT, last_modified TEXT, failures INTEGER NOT NULL DEFAULT 0, interval_s REAL, modified TEXT, title TEXT,
    published TEXT, seen_at REAL NOT NULL, first_fetched_at REAL, fetched_at REAL, outcome TEXT, detail TEXT
) WITHOUT ROWID;
CREATE INDEX targets_due ON targets (host, kind, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, next_at REAL NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, reason TEXT
) WITHOUT ROWID;
CREATE TABLE site_files (url TEXT PRIMARY KEY, body TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    article_id TEXT PRIMARY KEY, key TEXT NOT NULL, digest TEXT NOT NULL, changed_at REAL NOT NULL, handed_over_at REAL
) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL, body BLOB NOT NULL, due_at REAL NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_of_article ON outbox (article_id, id);
"""


class State:
    """The file; `await state(function, …)` runs a function of the connection as one transaction."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection, self._thread = connection, thread

    async def __call__(self, work: Callable[Concatenate[sqlite3.Connection, P], T], *arguments: P.args, **options: P.kwargs) -> T:
        """What the function returns; all that it wrote is kept, or nothing when it raises."""

        def in_transaction() -> T:
            with transaction(self._connection) as connection:
                return work(connection, *arguments, **options)

        return await asyncio.get_running_loop().run_in_executor(self._thread, in_transaction)


@asynccontextmanager
async def opened_state(path: Path) -> AsyncIterator[State]:
    """The state in a file, made when it isn't there.

    Raises:
        ConfigurationError: the file can't be opened, another collector has it open, or it is of another version.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="state") as thread:
        loop = asyncio.get_running_loop()
        connection = await loop.run_in_executor(thread, open_database, path)
        try:
            yield State(connection, thread)
        finally:
            await loop.run_in_executor(thread, connection.close)


def open_database(path: Path) -> sqlite3.Connection:
    """The connection, with its tables; raises ConfigurationError as `opened_state`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
        connection.row_factory = sqlite3.Row
        # One collector a file. The operating system lets go of the lock however the process ends.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; a power cut may lose the last moments, which are then fetched again.
        connection.execute("PRAGMA synchronous = NORMAL")
        _make_tables(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"the state file {path}: {error} (is another collector running on it?)") from error
    return connection


class transaction:
    """`BEGIN IMMEDIATE` … `COMMIT`, or `ROLLBACK` when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _VERSION):
        raise ConfigurationError(f"the state file {path} is of version {version}, this collector knows {_VERSION}")
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
    else:
        connection.execute("BEGIN IMMEDIATE")  # takes the lock now, not at the first write
        connection.execute("COMMIT")
