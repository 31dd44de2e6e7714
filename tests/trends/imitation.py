"""An imitation of the service in memory, to try corpus and books on each other: records in, what the topics would say out."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.codec import decode_enriched
from schemas.duplicate import Duplicate
from schemas.enriched_article import EnrichedArticle
from tests.trends.corpus import Entry
from tests.trends.recount import Key, Place, Said, Window, normalised
from tests.trends.said import Heard

_DAY_S, _QUARTER_S = 86_400, 900


@dataclass
class Imitation:
    """Adds and subtracts as records come; every mention is an article's own, so nothing needs to be undone by halves."""

    similarity: Callable[[str, str], float]
    ignores: str = ""
    """What it does wrong on purpose: withdrawals, revisions, lateness, dates, case, copies or dead_letters."""
    heard: Heard = field(default_factory=Heard)
    _mentions: dict[Window, dict[str, EnrichedArticle]] = field(default_factory=lambda: defaultdict(dict))
    _where: dict[str, list[Window]] = field(default_factory=dict)
    _originals: dict[str, list[EnrichedArticle]] = field(default_factory=lambda: defaultdict(list))
    _titles: dict[str, str] = field(default_factory=dict)
    _now_s: int = 0

    def take(self, entry: Entry, place: Place) -> None:
        """One record."""
        try:
            article = decode_enriched(entry.value) if entry.value is not None else None
        except ValidationError:
            if self.ignores != "dead_letters":
                self.heard.dead[place] = 1
            return
        which = entry.key.decode()
        moment_s = self._moment_s(article) if article is not None else 0
        is_late = article is not None and moment_s < self._now_s - _DAY_S and self.ignores != "lateness"
        if is_late or (self.ignores == "revisions" and article is not None and which in self._where):
            return
        if article is None and self.ignores == "withdrawals":
            return
        self._forget(which)
        if article is not None:
            self._now_s = max(self._now_s, moment_s)
            self._count(article, which, moment_s // _QUARTER_S * _QUARTER_S)

    def finish(self) -> Heard:
        """What the topics say in the end."""
        self.heard.windows = {window: self._said(articles) for window, articles in self._mentions.items() if articles}
        usual = Counter(key for (key, _), articles in self._mentions.items() for _ in articles)
        for (key, start_s), articles in self._mentions.items():
            hour = sum(len(self._mentions.get((key, start_s - back * _QUARTER_S), ())) for back in range(4))
            if articles and hour >= 10 and hour > usual[key] / 2:
                self.heard.rising.add((key, start_s))
        return self.heard

    def _forget(self, which: str) -> None:
        for window in self._where.pop(which, ()):
            del self._mentions[window][which]
        self.heard.copies.pop(which, None)
        alike = self._originals[self._titles.pop(which, "")]
        alike[:] = [each for each in alike if each.article_id != which]

    def _count(self, article: EnrichedArticle, which: str, start_s: int) -> None:
        self._where[which] = [(key, start_s) for key in self._keys(article)]
        for window in self._where[which]:
            self._mentions[window][which] = article
        # Only articles with the same title are compared: an imitation has no index.
        alike = self._originals[article.title or ""]
        for other in alike if self.ignores != "copies" else ():
            if (found := self.similarity(article.text, other.text)) >= 0.8:
                self.heard.copies[which] = _duplicate(which, other.article_id, found)
                return
        alike.append(article)
        self._titles[which] = article.title or ""

    def _keys(self, article: EnrichedArticle) -> set[Key]:
        fold = (lambda name: name) if self.ignores == "case" else normalised
        tag = article.language.tag
        keys = {Key("entity", each.type, fold(each.name), tag) for each in article.entities}
        keys |= {Key("topic", "", topic.qcode, tag) for topic in article.topics} | {Key("language", "", tag, tag)}
        country = article.source.country if article.source is not None else None
        return keys | ({Key("country", "", country, tag)} if country is not None else set())

    def _moment_s(self, article: EnrichedArticle) -> int:
        collected_s = int(article.collected_at.timestamp())
        date = article.published_at
        if date is None or (date.precision == "day" and self.ignores != "dates"):
            return collected_s
        published_s = int(date.value.timestamp())
        return published_s if collected_s - 7 * _DAY_S < published_s <= collected_s else collected_s

    def _said(self, articles: dict[str, EnrichedArticle]) -> Said:
        scores = [
            round(each.sentiment.score * 10_000)
            for each in articles.values()
            if each.sentiment is not None and each.annotations["sentiment"].status == "ok"
        ]
        duplicates = sum(which in self.heard.copies for which in articles)
        sources = {each.source.id for each in articles.values() if each.source is not None}
        mean = round(sum(scores) / len(scores) / 10_000, 4) if scores else None
        return Said(len(articles) - duplicates, duplicates, len(sources), True, mean, len(scores))


def _duplicate(copy: str, original: str, similarity: float) -> Duplicate:
    return Duplicate(
        article_id=copy,
        original_id=original,
        similarity=similarity,
        group_size=2,
        detected_at=datetime.fromtimestamp(0, UTC),
        method="imitation",
        version="1",
        threshold=0.8,
    )
