"""Articles on their way to the gateway, kept until it has confirmed them; functions of the state's connection."""

import sqlite3
from dataclasses import dataclass

from schemas.codec import encode
from schemas.identity import article_id, canonical_url, content_digest
from schemas.raw_article import RawArticle

NEW, CHANGED, UNCHANGED, SAME_ARTICLE = "new", "changed", "unchanged", "same_article"


@dataclass(frozen=True, slots=True)
class Letter:
    """One article to be handed over."""

    id: int
    article_id: str
    body: bytes
    failures: int


def enclose(connection: sqlite3.Connection, key: str, article: RawArticle, now: float) -> str:
    """Puts the article of a page into the outbox when it is new or changed; which of the four it is.

    An article belongs to the page that is at its canonical address, until that is found to the first page that names it.
    Other pages are `same_article`, whatever their text: two that differ a little would else take turns as revisions.
    """
    address = article.canonical_url or article.url
    identity = article_id(address)
    digest = content_digest(article.title, article.text or "")
    known = connection.execute("SELECT key, digest FROM articles WHERE article_id = ?", (identity,)).fetchone()
    if known is not None and known["key"] != key:
        if key != canonical_url(address):
            return SAME_ARTICLE
        connection.execute("UPDATE articles SET key = ? WHERE article_id = ?", (key, identity))
    if known is not None and known["digest"] == digest:
        return UNCHANGED
    connection.execute(
        "INSERT INTO articles (article_id, key, digest, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (article_id) DO UPDATE SET "
        "digest = excluded.digest, changed_at = excluded.changed_at, handed_over_at = NULL",
        (identity, key, digest, now),
    )
    connection.execute("INSERT INTO outbox (article_id, body, due_at) VALUES (?, ?, ?)", (identity, encode(article), now))
    return NEW if known is None else CHANGED


def due(connection: sqlite3.Connection, now: float, most: int) -> list[Letter]:
    """What is to be handed over now, the oldest first; of each article only its first, so that revisions keep their order."""
    rows = connection.execute(
        "SELECT id, article_id, body, failures FROM outbox "
        "WHERE due_at <= ? AND id IN (SELECT min(id) FROM outbox GROUP BY article_id) ORDER BY id LIMIT ?",
        (now, most),
    )
    return [Letter(row["id"], row["article_id"], row["body"], row["failures"]) for row in rows]


def waiting(connection: sqlite3.Connection, /) -> int:
    """How many articles are in the outbox."""
    found: int = connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return found


def next_due_at(connection: sqlite3.Connection, /) -> float | None:
    """When the next article is to be tried; None when the outbox is empty."""
    found: float | None = connection.execute("SELECT min(due_at) FROM outbox").fetchone()[0]
    return found


def handed_over(connection: sqlite3.Connection, letter: Letter, now: float) -> None:
    """The gateway has it."""
    connection.execute("DELETE FROM outbox WHERE id = ?", (letter.id,))
    connection.execute("UPDATE articles SET handed_over_at = ? WHERE article_id = ?", (now, letter.article_id))


def refused(connection: sqlite3.Connection, letter: Letter, now: float, reason: str) -> None:
    """The gateway will never take it: its page says so from now on."""
    connection.execute(
        "UPDATE targets SET outcome = 'rejected', detail = ? WHERE key = (SELECT key FROM articles WHERE article_id = ?)",
        (reason, letter.article_id),
    )
    handed_over(connection, letter, now)


def retry(connection: sqlite3.Connection, letter: Letter, due_at: float) -> None:
    """This one went wrong: later again, and the others meanwhile."""
    connection.execute("UPDATE outbox SET due_at = ?, failures = failures + 1 WHERE id = ?", (due_at, letter.id))
