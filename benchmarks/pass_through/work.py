"""What both sides do with a record: decode and validate, fill in constant annotations, validate and encode (no model)."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.codec import MAX_BODY_BYTES
from schemas.enriched_article import Entity, Language, LanguageGuess, Mention, Sentiment, Status, Topic
from services.enricher.assemble import assemble
from services.enricher.decode import Arrived, decode
from services.enricher.outcomes import enriched
from services.enricher.stage import Draft, Model
from services.runtime.records import Outcome, Record

_LANGUAGE = Language(
    tag="en", confidence=0.9871, iso639_3="eng", script="Latn", runner_up=LanguageGuess(tag="sco", confidence=0.0102)
)
_ENTITIES = (
    Entity(
        type="ORG",
        name="Newsloom",
        mentions=(Mention(field="title", start=0, end=8, surface="Newsloom", confidence=0.9712),),
        salience=0.8125,
    ),
)
_SENTIMENT = Sentiment(label="neutral", score=0.0213, confidence=0.7112)
_TOPICS = (Topic(qcode="medtop:04000000", name="economy, business and finance", confidence=0.9023),)
_STAGES = ("text", "language", "entities", "sentiment", "topics")
_STATUSES: Mapping[str, Status] = MappingProxyType(dict.fromkeys(_STAGES, "ok"))
MODELS: Mapping[str, Model] = dict.fromkeys(_STAGES, Model("constant", "1"))


def draft_of(arrived: Arrived) -> Draft:
    """The finished draft, as if stages had filled it in."""
    return Draft(
        article=arrived.article,
        title=arrived.article.title,
        text=arrived.article.text or "",
        word_count=1,
        language=_LANGUAGE,
        entities=_ENTITIES,
        sentiment=_SENTIMENT,
        topics=_TOPICS,
        statuses=_STATUSES,
    )


def pass_through(record: Record) -> Outcome:
    """The record's outcome; raises AssertionError when it is no article (the benchmark writes only articles)."""
    arrived = decode(record, MAX_BODY_BYTES)
    assert isinstance(arrived, Arrived), arrived
    return enriched(record, assemble(arrived, draft_of(arrived), MODELS))
