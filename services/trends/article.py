"""The part of an enriched article that trends are counted from: a narrow, quick view of the contract EnrichedArticle."""

from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError

from schemas.codec import Undecodable, parse_object
from schemas.contract import Contract
from schemas.enriched_article import EntityType
from schemas.publication_date import Moment, PublicationDate
from schemas.raw_article import Source
from schemas.topics import NEWS_ENRICHED
from services.runtime.errors import InvalidRecord

Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)]

# low_confidence is left out: what may well be wrong must not become a trend. A truncated text was read for 100,000 characters.
_USABLE = ("ok", "truncated")


class Named(Contract):
    """An entity."""

    type: EntityType
    name: str
    salience: float = Field(ge=0, le=1)


class About(Contract):
    """An IPTC Media Topic."""

    qcode: str = Field(pattern=r"^medtop:\d{8}$")
    name: str = Field(min_length=1, max_length=300)


class _Language(Contract):
    tag: Tag


class _Sentiment(Contract):
    score: float = Field(ge=-1, le=1)


class _Annotation(Contract):
    status: str


class Article(Contract):
    """An article as far as it is counted.

    With hundreds of mentions it takes a third of the time of the whole contract, and a bad field that nobody counts loses none.
    """

    schema_version: Literal[1] = 1
    article_id: UUID
    canonical_url: str
    text: str
    published_at: PublicationDate | None = None
    collected_at: Moment
    source: Source | None = None
    language: _Language
    entities: tuple[Named, ...] = ()
    sentiment: _Sentiment | None = None
    topics: tuple[About, ...] = ()
    annotations: dict[str, _Annotation]

    def is_usable(self, stage: str) -> bool:
        """Whether the stage was sure of its answer."""
        annotation = self.annotations.get(stage)
        return annotation is not None and annotation.status in _USABLE

    @property
    def outlet(self) -> str:
        """Who published it: the source's identifier, else the host of its URL; empty when neither is known."""
        if self.source is not None:
            return self.source.id
        try:
            return urlsplit(self.canonical_url).hostname or ""
        except ValueError:
            return ""


def decode(value: bytes) -> Article:
    """The article in a record's value.

    Raises:
        InvalidRecord: it holds none; the classes are those of schemas.codec, or `contract_violation` for a wrong field.
    """
    try:
        return Article.model_validate(parse_object(value, NEWS_ENRICHED.max_message_bytes))
    except Undecodable as error:
        raise InvalidRecord(error.error_class, str(error)) from None
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, problem["loc"]))
        raise InvalidRecord("contract_violation", f"{field}: {problem['msg']}"[:500]) from None
