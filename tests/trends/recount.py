"""The truth about a made corpus, counted naively: what every key must say of every quarter of an hour at the end.

Nothing of the service is used here. Which of two near copies is the original depends on which was processed first; who is a copy
is taken from what the service said, and everything else from the corpus alone.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.trends.corpus import Entry
from tests.trends.documents import Article

BUCKET_S = 900
GRACE_S = 24 * 3_600
RETENTION_S = 7 * 24 * 3_600

Place = tuple[int, int]


class Key(NamedTuple):
    """What is counted; each key counts in one language."""

    kind: str
    type: str
    name: str
    language: str


Window = tuple[Key, int]
"""A key, and the first second of a quarter of an hour."""


@dataclass
class Numbers:
    """What a key says of a quarter of an hour; sentiment in ten-thousandths."""

    originals: int = 0
    duplicates: int = 0
    sentiment: int = 0
    scored: int = 0
    sources: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Counted:
    """An article that counts, with the moment that it counts for."""

    article: Article
    event_time_s: int


@dataclass
class Recount:
    """Takes the committed records with the places they got, in order of their partitions."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """What the records became: counted, late, withdrawn, repeated, dead_letter."""
    live: dict[str, Counted] = field(default_factory=dict)
    """By article_id, what counts at the end."""
    texts: dict[str, Article] = field(default_factory=dict)
    """The newest version of every article that was published, late and withdrawn ones too."""
    places: dict[str, Place] = field(default_factory=dict)
    """By article_id, where its last record is that could be read."""
    disturbed: set[str] = field(default_factory=set)
    """Articles that were revised, withdrawn or late: which of their copies was compared with what, nobody can say."""
    dead: set[Place] = field(default_factory=set)
    newest_s: int = 0
    _newest: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def enter(self, entry: Entry, place: Place) -> None:
        """One record that is there at (partition, offset)."""
        if entry.kind == "unreadable":
            self.dead.add(place)
            self.outcomes["dead_letter"] += 1
            return
        self.places[entry.key.decode()] = place
        if entry.article is None:
            self.outcomes["withdrawn"] += 1
            self.disturbed.add(entry.key.decode())
            self.live.pop(entry.key.decode(), None)
        else:
            self._enter_article(entry.article, place[0], entry.timestamp_ms)

    def _enter_article(self, article: Article, partition: int, timestamp_ms: int) -> None:
        moment = event_time_s(article, timestamp_ms)
        which = article.article_id
        self.texts[which] = article
        if moment < self._newest[partition] - GRACE_S:
            self.outcomes["late"] += 1
            self.disturbed.add(which)
            return
        assert moment >= self.newest_s - GRACE_S, "late or not: the corpus must not leave that to the order of partitions"
        if self.live.get(which) == Counted(article, moment):
            self.outcomes["repeated"] += 1
            return
        if which in self.live:
            self.disturbed.add(which)
        self.outcomes["counted"] += 1
        self.live[which] = Counted(article, moment)
        self._newest[partition] = max(self._newest[partition], moment)
        self.newest_s = max(self.newest_s, moment)

    def numbers(self, copies: Collection[str]) -> dict[Window, Numbers]:
        """What every key must say, given the article_ids that are copies."""
        found: dict[Window, Numbers] = defaultdict(Numbers)
        for which, counted in self.live.items():
            for key in keys_of(counted.article):
                numbers = found[(key, counted.event_time_s // BUCKET_S * BUCKET_S)]
                numbers.originals += which not in copies
                numbers.duplicates += which in copies
                numbers.sources.add(counted.article.outlet.id)
                if counted.article.sentiment_status == "ok" and counted.article.sentiment is not None:
                    numbers.sentiment += round(counted.article.sentiment * 10_000)
                    numbers.scored += 1
        return found


def event_time_s(article: Article, timestamp_ms: int) -> int:
    """The moment that an article counts for: when it was published, where that can be believed, else when it was collected."""
    published, collected = article.published_s, min(article.collected_s, timestamp_ms // 1000)
    if published is None or article.precision not in ("minute", "second"):
        return collected
    return published if collected - RETENTION_S < published <= collected else collected


def keys_of(article: Article) -> set[Key]:
    """Everything that an article counts for, each once."""
    named = {("entity", each.type, normalised(each.name)) for each in article.named}
    topics = {("topic", "", code) for code in article.topics}
    country = {("country", "", article.outlet.country)} if article.outlet.country is not None else set()
    rest = {("language", "", article.language)}
    return {Key(*each, article.language) for each in named | topics | country | rest}


def normalised(name: str) -> str:
    """How names are told apart: without case, width and number of blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def differences(
    expected: Mapping[Window, Numbers], found: Mapping[Window, "Said"]
) -> Iterator[tuple[Window, str, object, object]]:
    """Every number that is off: where, which, what it should be, and what it is."""
    for window in expected.keys() | found.keys():
        ours, theirs = expected.get(window, Numbers()), found.get(window, Said())
        for name, should, is_so in (
            ("originals", ours.originals, theirs.originals),
            ("duplicates", ours.duplicates, theirs.duplicates),
            ("sources", len(ours.sources), theirs.sources if theirs.sources_complete else len(ours.sources)),
            ("scored", ours.scored, theirs.scored),
            ("sentiment", mean(ours), theirs.sentiment),
        ):
            if should != is_so:
                yield window, name, should, is_so


@dataclass(frozen=True, slots=True)
class Said:
    """What news.trends says of a key and a quarter of an hour; nothing by default."""

    originals: int = 0
    duplicates: int = 0
    sources: int = 0
    sources_complete: bool = True
    sentiment: float | None = None
    scored: int = 0


def mean(numbers: Numbers) -> float | None:
    """The mean sentiment, −1 to 1, four decimals; None when nothing was scored."""
    return round(numbers.sentiment / numbers.scored / 10_000, 4) if numbers.scored else None
