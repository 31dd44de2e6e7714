"""What is due, and what a kill in the middle leaves behind."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.publication_date import PublicationDate
from schemas.raw_article import RawArticle
from services.collector import outbox, targets
from services.collector.fetch import Validators
from services.collector.listing import Entry, read_date
from services.collector.politeness import write_host
from services.collector.sources import Source
from services.collector.state import open_database, transaction
from services.collector.targets import LISTING, PAGE, Target
from services.runtime.errors import ConfigurationError

NOW = 1_000.0
FEED = "https://a.example/rss"
SOURCE = Source(id="a", name="A", domain="a.example", feeds=(FEED,))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "state.sqlite")
    targets.synchronise(connection, [SOURCE], NOW)
    yield connection
    connection.close()


def claim(db: sqlite3.Connection, now: float = NOW, lease_s: float = 60.0) -> list[Target]:
    return targets.claim(db, now, lease_s, (), 10)


def finish(db: sqlite3.Connection, target: Target, due_at: float | None, now: float = NOW) -> None:
    targets.done(db, target.key, Validators(), now, due_at, "news")


def discover(db: sqlite3.Connection, *entries: Entry, now: float = NOW) -> int:
    feed = Target(FEED, FEED, LISTING, "a", None, "a.example", None, Validators(), 0, None, Entry(FEED), None)
    return targets.discover(db, feed, PAGE, entries, now, least_s=10.0)


def changed(moment: str) -> PublicationDate | None:
    return read_date(moment, "feed")


def test_what_is_claimed_is_due_again_after_its_lease(db: sqlite3.Connection) -> None:
    assert [target.url for target in claim(db)] == [FEED]
    assert claim(db, NOW + 59) == []
    assert [target.url for target in claim(db, NOW + 60)] == [FEED]


def test_one_a_host_and_listings_first(db: sqlite3.Connection) -> None:
    discover(db, Entry("https://a.example/1"), Entry("https://b.example/2"))
    assert sorted(target.url for target in claim(db)) == [FEED, "https://b.example/2"]
    assert [target.url for target in claim(db)] == ["https://a.example/1"]


def test_pages_first_when_it_is_their_turn(db: sqlite3.Connection) -> None:
    discover(db, Entry("https://a.example/1"))
    assert [target.kind for target in targets.claim(db, NOW, 60.0, (), 10, first=PAGE)] == [PAGE]
    assert [target.kind for target in targets.claim(db, NOW, 60.0, (), 10, first=PAGE)] == [LISTING]


def test_a_busy_host_is_passed_over(db: sqlite3.Connection) -> None:
    discover(db, Entry("https://b.example/2"))
    assert [target.host for target in targets.claim(db, NOW, 60.0, ("a.example",), 10)] == ["b.example"]


def test_a_host_that_waits_is_left_alone(db: sqlite3.Connection) -> None:
    write_host(db, "a.example", NOW + 100, 0, "retry_after")
    assert claim(db) == []
    assert targets.next_due_at(db) == NOW + 100


def test_the_same_page_by_many_addresses_is_one(db: sqlite3.Connection) -> None:
    assert discover(db, Entry("https://a.example/1?utm_source=x"), Entry("https://A.example:443/1#top")) == 1
    assert discover(db, Entry("https://a.example/1")) == 0


def test_what_is_no_address_is_left_out(db: sqlite3.Connection) -> None:
    assert discover(db, Entry("mailto:a@a.example"), Entry("http://[x/"), Entry("urn:x:1"), Entry("https://a.example/मंगल")) == 1


def test_a_page_that_changed_since_is_asked_again_but_not_at_once(db: sqlite3.Connection) -> None:
    finish(db, claim(db)[0], None)
    entry = Entry("https://a.example/1", modified=changed("2025-03-10T10:00:00Z"))
    discover(db, entry)
    finish(db, claim(db)[0], NOW + 9_999)
    discover(db, entry)
    assert targets.next_due_at(db) == NOW + 9_999
    discover(db, Entry("https://a.example/1", modified=changed("2025-03-10T11:00:00Z")), now=NOW + 1)
    assert targets.next_due_at(db) == NOW + 10


def test_a_removed_source_is_left_alone_and_comes_back(db: sqlite3.Connection) -> None:
    discover(db, Entry("https://a.example/1"))
    targets.synchronise(db, [], NOW)
    assert targets.next_due_at(db) is None
    targets.synchronise(db, [SOURCE], NOW)
    assert [target.url for target in claim(db)] == [FEED]


def test_a_removed_feed_of_a_source_is_left_alone_with_its_sitemaps(db: sqlite3.Connection) -> None:
    feed = claim(db)[0]
    targets.discover(db, feed, LISTING, [Entry("https://a.example/child.xml")], NOW, 10.0)
    targets.synchronise(db, [SOURCE.model_copy(update={"feeds": ("https://a.example/other",)})], NOW)
    assert [target.url for target in claim(db, NOW + 100)] == ["https://a.example/other"]
    assert claim(db, NOW + 120) == []


def test_long_unseen_pages_are_forgotten(db: sqlite3.Connection) -> None:
    discover(db, Entry("https://a.example/1"))
    for target in claim(db) + claim(db):
        finish(db, target, NOW + 1 if target.kind == LISTING else None)
    assert targets.forget(db, NOW + targets.FORGET_AFTER_S) == 0
    assert targets.forget(db, NOW + targets.FORGET_AFTER_S + 1) == 1


def article(text: str, url: str = "https://a.example/1", canonical: str | None = None) -> RawArticle:
    return RawArticle(url=url, text=text, canonical_url=canonical)


def test_only_new_and_changed_articles_go_out(db: sqlite3.Connection) -> None:
    key = "https://a.example/1"
    said = [outbox.enclose(db, key, article(text), NOW) for text in ("वर्षा", "वर्षा", "धूप ☀", "वर्षा")]
    assert said == ["new", "unchanged", "changed", "changed"]
    assert outbox.waiting(db) == 3


def test_an_article_belongs_to_one_page(db: sqlite3.Connection) -> None:
    first, second, own = "https://a.example/amp/1", "https://a.example/print/1", "https://a.example/1"
    assert outbox.enclose(db, first, article("x", first, own), NOW) == "new"
    assert outbox.enclose(db, second, article("y", second, own), NOW) == "same_article"
    assert outbox.enclose(db, own, article("x", own), NOW) == "unchanged"  # the page at its own address takes it over
    assert outbox.enclose(db, first, article("z", first, own), NOW) == "same_article"


def test_revisions_of_an_article_go_out_one_after_the_other(db: sqlite3.Connection) -> None:
    for text in ("1", "2"):
        outbox.enclose(db, "https://a.example/1", article(text), NOW)
    outbox.enclose(db, "https://a.example/2", article("3", "https://a.example/2"), NOW)
    first = outbox.due(db, NOW, 10)
    assert [letter.id for letter in first] == [1, 3]
    outbox.retry(db, first[0], NOW + 5)
    assert [letter.id for letter in outbox.due(db, NOW, 10)] == [3]
    outbox.handed_over(db, first[0], NOW)
    assert [letter.id for letter in outbox.due(db, NOW, 10)] == [2, 3]


def test_a_transaction_is_all_or_nothing(db: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError), transaction(db):
        outbox.enclose(db, "https://a.example/1", article("x"), NOW)
        raise RuntimeError
    assert outbox.waiting(db) == 0


def test_one_collector_a_file(db: sqlite3.Connection, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="another collector"):
        open_database(tmp_path / "state.sqlite")


def test_a_file_of_another_version_or_none_at_all(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="version 99"):
        open_database(tmp_path / "old.sqlite")
    (tmp_path / "no.sqlite").write_text("इतिहास" * 1_000, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"no\.sqlite"):
        open_database(tmp_path / "no.sqlite")
