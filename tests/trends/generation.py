"""How the made corpus comes about: a clock that runs, new articles, and what happens to them later."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tests.trends.corpus import (
    ABORTED_RUN,
    AFTERWARDS,
    AFTERWARDS_S,
    BURST_MENTIONS,
    BURST_S,
    FIRST,
    HOUR_S,
    SECOND,
    STRETCH_S,
    Burst,
    Corpus,
    Entry,
    Kind,
)
from tests.trends.documents import Article
from tests.trends.edits import edited
from tests.trends.reporting import Newsroom
from tests.trends.words import vocabulary

Later = Callable[[int], Entry | None]

# Of 1,000 new articles: so many are copied, revised, repeated, withdrawn, and all others left alone.
_COPIED, _REVISED, _REPEATED, _WITHDRAWN = 35, 40, 40, 30
_FATES = ("copied", "revised", "repeated", "withdrawn", "left")
_FATE_WEIGHTS = (_COPIED, _REVISED, _REPEATED, _WITHDRAWN, 1_000 - _COPIED - _REVISED - _REPEATED - _WITHDRAWN)
_UNREADABLE, _NEVER_THERE, _WITHDRAWN_BEFORE, _WITHDRAWN_AFTERWARDS = 0.015, 0.005, 0.005, 0.05
_COPY_HAS_A_FATE, _COMES_BACK = 0.05, 0.3
_MOST_COPIES, _LATER_S = 6, 2 * HOUR_S
# Copies within the hour would be a burst of their names that nobody planted.
_COPIES_LATER_S = 5 * HOUR_S


def entries(corpus: Corpus) -> Iterator[Entry]:
    """Every record in the order of publication, generated as it is asked for."""
    return _Generation(corpus).run()


class _Generation:
    """One run of the clock."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus, self._random = corpus, Random(f"corpus {corpus.seed}")
        self._newsroom = Newsroom(corpus, self._random)
        self._agenda: list[tuple[float, int, Later]] = []
        self._serial = itertools.count()
        self._latest: dict[str, Article] = {}
        """Articles of this stretch that are there; what is withdrawn is not."""
        self._old: list[str] = []
        """Articles of the first stretch, whose quarters of an hour are forgotten in the third."""
        self._stretch = FIRST

    def run(self) -> Iterator[Entry]:
        """Every record in order."""
        half = self._corpus.records // 2
        yield from self._run_stretch(FIRST, half, self._corpus.start_s)
        for burst in self._corpus.bursts:
            self._plan_burst(burst)
        yield from self._run_stretch(SECOND, self._corpus.records - half, self._corpus.start_s + STRETCH_S)
        self._agenda.clear()
        yield from self._run_stretch(AFTERWARDS, self._corpus.afterwards, self._corpus.start_s + AFTERWARDS_S)

    def _run_stretch(self, stretch: int, count: int, start_s: int) -> Iterator[Entry]:
        self._stretch = stretch
        runs = 0 if stretch == AFTERWARDS else (self._corpus.aborted // ABORTED_RUN + stretch) // 2
        aborting = set(self._random.sample(range(count), runs))
        for number in range(count):
            now_s = start_s + STRETCH_S * number // count
            if number in aborting:
                yield from (self._aborted(now_s) for _ in range(ABORTED_RUN))
            yield self._due(now_s) or self._something(now_s)
        if stretch == FIRST:  # a revision beyond the grace period is another matter than this corpus tells of
            self._agenda.clear()
            self._old = list(self._latest)
            self._latest.clear()

    def _due(self, now_s: int) -> Entry | None:
        while self._agenda and self._agenda[0][0] <= now_s:
            if (entry := heapq.heappop(self._agenda)[2](now_s)) is not None:
                return entry
        return None

    def _plan(self, at_s: float, later: Later) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._serial), later))

    def _plan_burst(self, burst: Burst) -> None:
        for _ in range(BURST_MENTIONS):
            at_s = burst.start_s + self._random.uniform(0, BURST_S)
            self._plan(at_s, lambda now_s: self._published(self._newsroom.article_of(burst, now_s), now_s))

    def _something(self, now_s: int) -> Entry:
        drawn = self._random.random()
        if self._stretch == AFTERWARDS and self._old and drawn > 1 - _WITHDRAWN_AFTERWARDS:
            return self._entry("withdrawal", self._old.pop().encode(), None, now_s)
        if (drawn := drawn - _UNREADABLE) < 0:
            return self._entry("unreadable", self._newsroom.some_key(list(self._latest)), self._newsroom.unreadable(), now_s)
        if (drawn := drawn - _NEVER_THERE) < 0:
            return self._entry("withdrawal", self._newsroom.new_key(), None, now_s)
        article = self._newsroom.article(now_s, self._stretch == SECOND)
        if drawn - _WITHDRAWN_BEFORE < 0:
            self._plan(now_s + 60, lambda later_s: self._published(article, later_s))
            return self._entry("withdrawal", article.article_id.encode(), None, now_s)
        self._decide_fate(article, now_s)
        return self._published(article, now_s)

    def _published(self, article: Article, now_s: int, kind: Kind = "article") -> Entry:
        if article.dating != "beyond":
            self._latest[article.article_id] = article
        return self._entry(kind, article.article_id.encode(), article.encoded(), now_s, article)

    def _decide_fate(self, article: Article, now_s: int) -> None:
        fate = self._random.choices(_FATES, _FATE_WEIGHTS)[0]
        if fate == "copied" and article.dating == "sound":
            original = self._newsroom.agency_copy(article)
            for _ in range(self._random.randint(1, _MOST_COPIES)):
                self._plan(self._soon(now_s, _COPIES_LATER_S), lambda later_s: self._copied(original, later_s))
            self._plan(now_s, lambda later_s: self._published(original, later_s))
        elif fate == "repeated":
            self._plan(self._soon(now_s), lambda later_s: self._repeated(article, later_s))
        elif article.dating != "beyond" and fate in ("revised", "withdrawn"):
            self._plan_change(article, fate, now_s)

    def _plan_change(self, article: Article, fate: str, now_s: int) -> None:
        change = self._revised if fate == "revised" else self._withdrawn
        self._plan(self._soon(now_s), lambda later_s: change(article.article_id, later_s))

    def _copied(self, original: Article, now_s: int) -> Entry:
        similarity = self._random.uniform(0.5, 1.0)
        words = edited(original.words, vocabulary(original.language), similarity, self._random)
        copy = self._newsroom.copy_of(original, words, now_s)
        if self._random.random() < _COPY_HAS_A_FATE:
            self._plan_change(copy, self._random.choice(("revised", "withdrawn")), now_s)
        return self._published(copy, now_s)

    def _repeated(self, article: Article, now_s: int) -> Entry:
        return self._entry("repeat", article.article_id.encode(), article.encoded(), now_s, article)

    def _revised(self, which: str, now_s: int) -> Entry | None:
        if (article := self._latest.get(which)) is None:
            return None
        return self._published(self._newsroom.revision_of(article, now_s), now_s, "revision")

    def _withdrawn(self, which: str, now_s: int) -> Entry | None:
        if (article := self._latest.pop(which, None)) is None:
            return None
        if self._random.random() < _COMES_BACK:
            self._plan(self._soon(now_s), lambda later_s: self._published(article, later_s))
        return self._entry("withdrawal", which.encode(), None, now_s)

    def _soon(self, now_s: int, mean_s: float = _LATER_S) -> float:
        return now_s + 60 + self._random.expovariate(1 / mean_s)

    def _aborted(self, now_s: int) -> Entry:
        """A record that would be counted, or would change what is, if its transaction were not aborted."""
        drawn, there = self._random.random(), list(self._latest.values())
        if drawn < 0.7 or not there:
            article = self._newsroom.article(now_s, False)
            entry = self._entry("article", article.article_id.encode(), article.encoded(), now_s)
        elif drawn < 0.95:
            article = self._newsroom.revision_of(self._random.choice(there), now_s)
            is_gone = drawn < 0.8
            entry = self._entry("revision", article.article_id.encode(), None if is_gone else article.encoded(), now_s)
        else:
            entry = self._entry("unreadable", self._newsroom.new_key(), self._newsroom.unreadable(), now_s)
        return replace(entry, is_aborted=True, article=None)

    def _entry(self, kind: Kind, key: bytes, value: bytes | None, now_s: int, article: Article | None = None) -> Entry:
        return Entry(kind, key, value, (now_s + 5) * 1000, self._stretch, article)
