"""Writes the articles of the made corpus: who publishes, about whom, in what tone, and when it says it appeared."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random

from schemas.identity import article_id
from schemas.media_topics import MEDIA_TOPICS
from tests.trends.corpus import HOUR_S, STEADY, STRETCH_S, Burst, Corpus, named_in
from tests.trends.documents import Article, Dating, Named, Outlet
from tests.trends.words import LANGUAGES, vocabulary

_COUNTRIES = ("AR", "BG", "CN", "EG", "ES", "IN", "IR", "NP", "SE", "TW", "UA")
_OUTLETS = 8
_COMMON = 40
_WORDS, _COPIED_WORDS = (30, 60), (60, 100)
_ENTITIES = (3, 8)
_SELDOM_EACH_HOUR = 0.5

_DATINGS: tuple[Dating, ...] = ("sound", "late", "beyond", "future", "day", "missing", "ancient")
_DATING_WEIGHTS = (88.0, 4.0, 2.0, 1.5, 2.0, 1.0, 1.5)
_DAY_S = 24 * HOUR_S
_PROMPT_S, _BURST_PROMPT_S = 30 * 60, 5 * 60

_UNREADABLE = (
    b"",
    b"no article",
    b"[]",
    b"null",
    b'{"schema_version": 1}',
    b'{"schema_version": 1, "article_id": 7, "url": [], "text": null}',
    b"\xff\xfe\x00",
)


class Newsroom:
    """Everything that is drawn by chance about an article."""

    def __init__(self, corpus: Corpus, chance: Random) -> None:
        self._random = chance
        self._serial = itertools.count()
        mentions_each_hour = corpus.records * sum(_ENTITIES) / 2 / (2 * STRETCH_S / HOUR_S)
        self._seldom = {
            language: [burst.named for burst in corpus.bursts if burst.language == language and not burst.is_new]
            for language in LANGUAGES
        }
        self._seldom_share = _SELDOM_EACH_HOUR * len(LANGUAGES) / mentions_each_hour

    def article(self, now_s: int, may_be_beyond: bool) -> Article:
        """A new article."""
        language = self._random.choice(list(LANGUAGES))
        dating = self._random.choices(_DATINGS, _DATING_WEIGHTS)[0]
        dating = dating if may_be_beyond or dating != "beyond" else "sound"
        return self._written(language, dating, now_s, self._named(language, STEADY), _PROMPT_S)

    def article_of(self, burst: Burst, now_s: int) -> Article:
        """A new article about the name of a burst, at once, and about others that rise no more than the rest of the news."""
        others = tuple(self._random.choices(named_in_once(burst.language)[:STEADY], k=self._random.randint(*_ENTITIES) - 1))
        return self._written(burst.language, "sound", now_s, (burst.named, *others), _BURST_PROMPT_S)

    def agency_copy(self, article: Article) -> Article:
        """Another article by the same outlet, long enough to be copied, about names that are always in the news.

        A seldom name with six copies would be a burst that nobody planted.
        """
        original = self._written(
            article.language, "sound", article.collected_s, self._named(article.language, _COMMON), _PROMPT_S
        )
        words = self._random.choices(vocabulary(article.language), k=self._random.randint(*_COPIED_WORDS))
        return replace(original, words=words, outlet=article.outlet, cluster=next(self._serial))

    def copy_of(self, original: Article, words: Sequence[str], now_s: int) -> Article:
        """What another outlet makes of it; the names stay."""
        copy = self._written(original.language, "sound", now_s, original.named, _PROMPT_S)
        return replace(copy, title=original.title, words=words, cluster=original.cluster)

    def revision_of(self, article: Article, now_s: int) -> Article:
        """Other names and another tone; in half of them other words too."""
        fresh = self._written(article.language, article.dating, now_s, self._named(article.language, STEADY), _PROMPT_S)
        return replace(
            article,
            words=fresh.words if self._random.random() < 0.5 else article.words,
            named=fresh.named,
            topics=fresh.topics,
            sentiment=fresh.sentiment,
            sentiment_status=fresh.sentiment_status,
            collected_s=now_s,
            revision=article.revision + 1,
        )

    def new_key(self) -> bytes:
        """Of an article that is never published."""
        return article_id(f"https://nobody.example/{next(self._serial)}").encode()

    def some_key(self, known: Sequence[str]) -> bytes:
        """Of an article that is there, of one that never was, or of none at all (a compacted topic takes no record without)."""
        drawn = self._random.random()
        if known and drawn < 0.5:
            return self._random.choice(known).encode()
        return self.new_key() if drawn < 0.9 else b"no id"

    def unreadable(self) -> bytes:
        """What is no article."""
        return self._random.choice(_UNREADABLE)

    def _written(self, language: str, dating: Dating, now_s: int, named: tuple[Named, ...], prompt_s: int) -> Article:
        chance, outlet = self._random, self._outlet(language)
        words = vocabulary(language)
        url = f"https://{outlet.id.lower()}.example/{next(self._serial)}"
        published_s, precision = self._published(dating, now_s, prompt_s)
        status = chance.choices(("ok", "unsupported_language", "low_confidence"), (80, 10, 10))[0]
        return Article(
            article_id=article_id(url),
            url=url,
            language=language,
            outlet=outlet,
            title=LANGUAGES[language].blank.join(chance.choices(words, k=5)),
            words=chance.choices(words, k=chance.randint(*_WORDS)),
            named=named,
            topics=tuple(sorted(chance.sample(list(MEDIA_TOPICS), chance.randint(0, 2)))),
            sentiment=None if status == "unsupported_language" else round(chance.uniform(-1, 1), 4),
            sentiment_status=status,
            dating=dating,
            published_s=published_s,
            precision=precision,
            collected_s=now_s,
        )

    def _outlet(self, language: str) -> Outlet:
        number = self._random.randrange(_OUTLETS)
        at = (list(LANGUAGES).index(language) + number) % len(_COUNTRIES)
        return Outlet(f"{language}-{number}", _COUNTRIES[at] if number else None)

    def _published(self, dating: Dating, now_s: int, prompt_s: int) -> tuple[int | None, str]:
        """When the article says it appeared, and how exactly it says so."""
        chance = self._random
        if dating == "sound":
            second = now_s - chance.randint(0, prompt_s)
            return (second - second % 60, "minute") if chance.random() < 0.2 else (second, "second")
        if dating == "late":
            return now_s - chance.randint(HOUR_S, 3 * HOUR_S - 60), "second"
        if dating == "beyond":
            return now_s - STRETCH_S - _DAY_S - chance.randint(2 * HOUR_S, 60 * HOUR_S), "second"
        if dating == "future":
            return now_s + chance.randint(2 * _DAY_S, 400 * _DAY_S), "second"
        if dating == "day":
            return now_s - now_s % _DAY_S, "day"
        if dating == "missing":
            return None, ""
        return now_s - chance.randint(30 * _DAY_S, 3_000 * _DAY_S), "second"

    def _named(self, language: str, most: int) -> tuple[Named, ...]:
        known, chance = named_in_once(language), self._random
        count = chance.randint(*_ENTITIES)
        drawn = chance.choices(known[:most], cum_weights=_cumulated(most), k=count)
        if most == STEADY and (seldom := self._seldom[language]):
            drawn = [chance.choice(seldom) if chance.random() < self._seldom_share * len(seldom) else each for each in drawn]
        found = [self._as_written(language, each) for each in drawn]
        if chance.random() < 0.02:  # an enricher may give one name two types
            found.append(Named("MISC" if found[0].type != "MISC" else "ORG", found[0].name))
        return tuple(found)

    def _as_written(self, language: str, named: Named) -> Named:
        """Now and then in capitals, or with blanks to spare: still the same name."""
        drawn = self._random.random()
        if drawn < 0.05 and LANGUAGES[language].has_case:
            return replace(named, name=named.name.upper())
        return replace(named, name=named.name.replace(" ", "  ")) if drawn > 0.97 else named


@lru_cache(maxsize=len(LANGUAGES))
def named_in_once(language: str) -> Sequence[Named]:
    """The entities of a language; made once."""
    return named_in(language)


@lru_cache(maxsize=8)
def _cumulated(count: int) -> Sequence[float]:
    """Weights by rank: a few names are in the news all the time, most now and then."""
    return list(itertools.accumulate(1 / (rank + 5) for rank in range(count)))
