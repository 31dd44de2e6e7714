"""Extraction on the recorded pages beside trafilatura's plain call: at least as good on every page."""

import re
from collections import Counter
from dataclasses import dataclass

from trafilatura import bare_extraction, extract

from services.collector.charset import decode
from services.collector.extract import extract as collect
from services.collector.extract import parse_page
from services.collector.listing import Entry
from tests.support.pages import NOW, SOURCE, recorded
from tests.support.recorded_web import Expected, expected_articles

# Words where there are spaces, single characters where there are none.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\s\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+")


@dataclass(frozen=True)
class Score:
    """How one way of extracting did on one page."""

    text: float
    title: bool
    day: bool
    authors: bool

    @property
    def facts(self) -> int:
        return self.title + self.day + self.authors


def f1(found: str, expected: str) -> float:
    """Agreement of two texts in words, order not counted."""
    ours, theirs = Counter(_WORD.findall(found)), Counter(_WORD.findall(expected))
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total()) if common else 0.0


def plain(expected: Expected) -> Score:
    """trafilatura as its documentation shows it first, on text that was decoded for it."""
    answer = recorded(expected)
    html = decode(answer.body, answer.charset)
    document = bare_extraction(html, with_metadata=True)
    assert document is not None and not isinstance(document, dict)
    authors = tuple((document.author or "").split("; ")) if document.author else ()
    return scored(expected, extract(html) or "", document.title, document.date, authors)


def ours(expected: Expected) -> Score:
    answer = recorded(expected)
    found = collect(parse_page(answer), SOURCE, Entry(answer.url), (), NOW, "1")
    day = found.published_at.value.strftime("%Y-%m-%d") if found.published_at else None
    return scored(expected, found.text or "", found.title, day, found.authors or ())


def scored(expected: Expected, text: str, title: str | None, day: str | None, authors: tuple[str, ...]) -> Score:
    # A date that only the feed says is on no page: silence is right then, and so is that date.
    right_days = {(expected.published or "")[:10] or None}
    if expected.evidence not in ("json-ld", "meta", "time", "url"):
        right_days.add(None)
    has_title = (title or "").split() == expected.title.split()
    return Score(f1(text, expected.text), has_title, day in right_days, authors == expected.authors)


def test_at_least_as_good_as_the_plain_call() -> None:
    rows = [(each, plain(each), ours(each)) for each in expected_articles()]
    print(f"\n{'page':<62} {'text F1':>15} {'title':>9} {'day':>9} {'authors':>9}   (plain | ours)")
    for each, theirs, own in rows:
        print(
            f"{each.site + each.path:<62.62} {theirs.text:>7.3f} {own.text:>7.3f} {theirs.title:>4} {own.title:>4} "
            f"{theirs.day:>4} {own.day:>4} {theirs.authors:>4} {own.authors:>4}"
        )
    count = len(rows)
    for name, score in (("plain", [row[1] for row in rows]), ("ours", [row[2] for row in rows])):
        titles, days, authors = (sum(getattr(each, fact) for each in score) for fact in ("title", "day", "authors"))
        mean = sum(each.text for each in score) / count
        print(f"{name}: mean text F1 {mean:.4f}; of {count} pages right: titles {titles}, days {days}, authors {authors}")
    assert [each.path for each, theirs, own in rows if own.text < theirs.text] == []
    assert [each.path for each, theirs, own in rows if own.facts < theirs.facts] == []
