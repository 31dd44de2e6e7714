"""What is to be fetched: listings (feeds, sitemaps) and pages, with when; functions of the state's connection."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import orjson

from schemas.identity import canonical_url
from schemas.publication_date import PublicationDate
from services.collector.fetch import Validators
from services.collector.listing import Entry
from services.collector.sources import Source, host_of

LISTING, PAGE = "listing", "page"

# A page that no listing has named for so long is forgotten; a listing that names it again brings it back as new.
FORGET_AFTER_S = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Target:
    """Something to be fetched now, and what is known of it."""

    key: str
    url: str
    kind: str
    source: str
    parent: str | None
    """The key of the feed or sitemap in the source's own list that led here; None for those."""
    host: str
    modified: str | None
    validators: Validators
    failures: int
    interval_s: float | None
    listed: Entry
    first_fetched_at: float | None

    @property
    def place(self) -> str:
        """For logs: the address without its query."""
        return self.key.partition("?")[0]


def synchronise(connection: sqlite3.Connection, sources: Sequence[Source], now: float) -> None:
    """Makes the sources' listings due, if they are new, and leaves alone what belongs to no source any more."""
    configured = []
    for source in sources:
        for url in (*source.feeds, *source.sitemaps):
            configured.append(key_of(url))
            _add(connection, configured[-1], Entry(url), LISTING, source.id, None, now)
            connection.execute(
                "UPDATE targets SET due_at = coalesce(due_at, ?), source = ? WHERE key = ?", (now, source.id, configured[-1])
            )
    connection.execute(
        "UPDATE targets SET due_at = NULL WHERE source NOT IN (SELECT value FROM json_each(?))",
        (_json([source.id for source in sources]),),
    )
    connection.execute(
        "UPDATE targets SET due_at = NULL "
        "WHERE kind = 'listing' AND coalesce(parent, key) NOT IN (SELECT value FROM json_each(?))",
        (_json(configured),),
    )


def discover(
    connection: sqlite3.Connection, parent: Target, kind: str, entries: Iterable[Entry], now: float, least_s: float
) -> int:
    """Adds what a listing names; how much of it is new.

    What is known is asked again when the listing says that it changed since, at the earliest least_s after its last fetch.
    """
    new = 0
    for entry in entries:
        try:
            key = key_of(entry.url)
        except ValueError:
            continue
        added = _add(connection, key, entry, kind, parent.source, parent.parent or parent.key, now)
        new += added
        if not added and (modified := _text(entry.latest)):
            connection.execute(
                "UPDATE targets SET due_at = min(coalesce(due_at, 9e99), max(?, coalesce(fetched_at, 0) + ?)), modified = ? "
                "WHERE key = ? AND modified < ? AND coalesce(outcome, '') NOT IN ('given_up', 'opted_out', 'same_article')",
                (now, least_s, modified, key, modified),
            )
    return new


def claim(
    connection: sqlite3.Connection, now: float, lease_s: float, busy: Collection[str], most: int, first: str = LISTING
) -> list[Target]:
    """Takes what is due at hosts that may be asked, at most one a host: of the kind `first` if there is, the longest due.

    Whatever is taken becomes due again after the lease, in case that we are killed before it is done. busy are hosts that
    have as many requests running as they may.
    """
    longest_due = "(SELECT key FROM targets WHERE host = hosts.host AND kind = {} AND due_at <= :now ORDER BY due_at LIMIT 1)"
    rows = connection.execute(
        f"SELECT host, coalesce({longest_due.format(':first')}, {longest_due.format(':then')}) AS key "
        "FROM hosts WHERE next_at <= :now",
        {"now": now, "first": first, "then": PAGE if first == LISTING else LISTING},
    ).fetchall()
    keys = [row["key"] for row in rows if row["key"] is not None and row["host"] not in busy][:most]
    for key in keys:
        connection.execute("UPDATE targets SET due_at = ? WHERE key = ?", (now + lease_s, key))
    return [_target(connection.execute("SELECT * FROM targets WHERE key = ?", (key,)).fetchone()) for key in keys]


def next_due_at(connection: sqlite3.Connection) -> float | None:
    """When the next thing may be fetched; None when there is nothing to do."""
    found: float | None = connection.execute(
        "SELECT min(max(next_at, (SELECT min(due_at) FROM targets WHERE host = hosts.host AND due_at IS NOT NULL))) FROM hosts"
    ).fetchone()[0]
    return found


def done(
    connection: sqlite3.Connection,
    key: str,
    validators: Validators,
    now: float,
    due_at: float | None,
    outcome: str,
    interval_s: float | None = None,
    detail: str | None = None,
) -> None:
    """A listing or page was read, or has not changed, or is left alone; detail is what an operator would ask about it."""
    connection.execute(
        "UPDATE targets SET etag = ?, last_modified = ?, fetched_at = ?, first_fetched_at = coalesce(first_fetched_at, ?), "
        "due_at = ?, failures = 0, outcome = ?, interval_s = ?, detail = ? WHERE key = ?",
        (validators.etag, validators.last_modified, now, now, due_at, outcome, interval_s, detail, key),
    )


def failed(connection: sqlite3.Connection, key: str, failures: int, due_at: float | None, outcome: str, detail: str) -> None:
    """A fetch went wrong; due_at says when to try again, None never."""
    connection.execute(
        "UPDATE targets SET failures = ?, due_at = ?, outcome = ?, detail = ? WHERE key = ?",
        (failures, due_at, outcome, detail, key),
    )


def postpone(connection: sqlite3.Connection, key: str, due_at: float) -> None:
    """Nothing was asked: the host is to be left alone until then."""
    connection.execute("UPDATE targets SET due_at = ? WHERE key = ?", (due_at, key))


def forget(connection: sqlite3.Connection, now: float) -> int:
    """Deletes pages and articles that nobody has named for long; how many."""
    long_ago = now - FORGET_AFTER_S
    connection.execute("DELETE FROM site_files WHERE expires_at < ?", (long_ago,))
    connection.execute("DELETE FROM articles WHERE changed_at < ? AND handed_over_at IS NOT NULL", (long_ago,))
    return connection.execute("DELETE FROM targets WHERE due_at IS NULL AND seen_at < ?", (long_ago,)).rowcount


def key_of(url: str) -> str:
    """What a URL is known by; raises ValueError for what can't be fetched."""
    key = canonical_url(url)
    if not key.startswith(("http://", "https://")):
        raise ValueError("not on the web")
    return key


def _json(values: list[str]) -> str:
    return orjson.dumps(values).decode()


def _add(connection: sqlite3.Connection, key: str, entry: Entry, kind: str, source: str, parent: str | None, now: float) -> int:
    """1 when it is new; a known one is only noted as seen."""
    host = host_of(entry.url)
    connection.execute("INSERT OR IGNORE INTO hosts (host) VALUES (?)", (host,))
    published = entry.published.model_dump_json() if entry.published else None
    added = connection.execute(
        "INSERT OR IGNORE INTO targets (key, url, kind, source, parent, host, due_at, modified, title, published, seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key, entry.url, kind, source, parent, host, now, _text(entry.latest), entry.title, published, now),
    ).rowcount
    if not added:
        connection.execute("UPDATE targets SET seen_at = ? WHERE key = ?", (now, key))
    return added


def _text(date: PublicationDate | None) -> str | None:
    """Sortable as text."""
    return date.value.strftime("%Y-%m-%dT%H:%M:%SZ") if date else None


def _target(row: sqlite3.Row) -> Target:
    published = PublicationDate.model_validate_json(row["published"]) if row["published"] else None
    return Target(
        key=row["key"],
        url=row["url"],
        kind=row["kind"],
        source=row["source"],
        parent=row["parent"],
        host=row["host"],
        modified=row["modified"],
        validators=Validators(row["etag"], row["last_modified"]),
        failures=row["failures"],
        interval_s=row["interval_s"],
        listed=Entry(row["url"], row["title"], published),
        first_fetched_at=row["first_fetched_at"],
    )
