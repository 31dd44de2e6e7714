"""From a raw record to a draft, or to the reason why there is none (pure, never raises)."""

from dataclasses import dataclass

from schemas.codec import Undecodable, decode_raw, moment_of
from schemas.enriched_article import Warned
from schemas.identity import article_id, article_id_of_key, canonical_url
from schemas.raw_article import RawArticle
from services.enricher.history import history_of
from services.enricher.stage import Draft
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record


@dataclass(frozen=True, slots=True)
class Arrived:
    """An article as it came in, with its identity."""

    article: RawArticle
    article_id: str
    canonical_url: str
    warnings: tuple[Warned, ...]

    @property
    def draft(self) -> Draft:
        """The draft that the stages begin with."""
        return Draft(article=self.article)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A tombstone: the article is to be forgotten."""

    article_id: str


def decode(record: Record, max_body_bytes: int) -> Arrived | Withdrawn | InvalidRecord:
    """What the record says."""
    if record.value is None:
        withdrawn = article_id_of_key(record.key)
        if withdrawn is None:
            return InvalidRecord("invalid_key", "a tombstone's key is the article_id or the URL of an article")
        return Withdrawn(withdrawn)
    try:
        decoded = decode_raw(record.value, max_body_bytes)
    except Undecodable as error:
        return InvalidRecord(error.error_class, str(error))
    return identify(decoded.article, decoded.warnings, history_of(record).timestamp_ms)


def identify(article: RawArticle, warnings: tuple[Warned, ...], timestamp_ms: int) -> Arrived:
    """The article with the identity that we compute; a differing incoming one is replaced, a missing time filled in."""
    url = article.canonical_url or article.url
    own_id = article_id(url)
    if article.article_id not in (None, own_id):
        warnings += (Warned(field="article_id", reason="replaced by the UUIDv5 of the canonical URL"),)
    if article.collected_at is None:
        article = article.model_copy(update={"collected_at": moment_of(timestamp_ms)})
    return Arrived(article, own_id, canonical_url(url), warnings)
