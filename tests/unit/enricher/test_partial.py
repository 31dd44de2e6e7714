"""Some stages again on a published article."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import encode
from schemas.enriched_article import Annotation, EnrichedArticle, Entity, Language, Mention, Sentiment, Topic
from services.enricher.partial import again
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft, Model, Stage
from services.runtime.errors import ConfigurationError, InvalidRecord

TEXT = "فيضان في كيسومو 🌊"
NEGATIVE = Sentiment(label="negative", score=-0.5, confidence=0.7)
POSITIVE = Sentiment(label="positive", score=0.5, confidence=0.7)
FLOOD = Topic(qcode="medtop:03000000", name="disaster, accident and emergency incident", confidence=0.9)


@dataclass(frozen=True)
class Fills:
    """A stage that fills in its field, or fails."""

    name: str
    value: object = None
    fails: bool = False
    model: Model = field(default_factory=lambda: Model("new", "2"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        if self.fails:
            raise ZeroDivisionError
        values: dict[str, Any] = {} if self.value is None else {self.name: self.value}
        return [draft.answered(self.name, **values) for draft in drafts]


@dataclass(frozen=True)
class Reads:
    """A stage that says what it was given."""

    name: str = "topics"
    model: Model = field(default_factory=lambda: Model("new", "2"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        assert all(draft.text == TEXT and draft.language and draft.language.tag == "ar" for draft in drafts)
        return [draft.answered(self.name, topics=(FLOOD,)) for draft in drafts]


def article() -> EnrichedArticle:
    mention = Mention(field="text", start=9, end=15, surface="كيسومو", confidence=0.9)
    old = Annotation(model="old", version="1", status="ok")
    return EnrichedArticle(
        article_id="id",
        url="https://herald.example/a",
        canonical_url="https://herald.example/a",
        text=TEXT,
        collected_at=datetime(2023, 9, 19, tzinfo=UTC),
        word_count=3,
        content_digest="sha256:0",
        language=Language(tag="ar", confidence=0.9, iso639_3="ara", script="Arab"),
        entities=(Entity(type="LOC", name="كيسومو", mentions=(mention,), salience=0.5),),
        sentiment=NEGATIVE,
        annotations=dict.fromkeys(("text", "language", "encode", "entities", "sentiment", "topics"), old),
    )


def pipeline(*stages: Stage) -> Pipeline:
    return Pipeline((Fills("text"), Fills("language"), Fills("encode"), Fills("entities"), *stages))


def test_only_the_chosen_value_and_who_made_it_change() -> None:
    (found,) = again(pipeline(Fills("sentiment", POSITIVE)), ["sentiment"])([article()])
    assert isinstance(found, EnrichedArticle)
    changed = {name for name, value in article() if getattr(found, name) != value}
    assert changed == {"sentiment", "annotations"} and found.sentiment == POSITIVE
    made_anew = {stage for stage, annotation in found.annotations.items() if annotation.model == "new"}
    assert made_anew == {"sentiment", "encode"}
    assert list(found.annotations) == list(article().annotations)


def test_a_stage_reads_what_was_published() -> None:
    (found,) = again(pipeline(Reads()), ["topics"])([article()])
    assert isinstance(found, EnrichedArticle) and found.topics == (FLOOD,)


def test_a_stage_that_fails_leaves_no_old_value_behind() -> None:
    (found,) = again(pipeline(Fills("sentiment", fails=True)), ["sentiment"])([article()])
    assert isinstance(found, EnrichedArticle)
    assert found.sentiment is None and found.annotations["sentiment"].status == "failed"


def test_an_article_without_a_language_is_none() -> None:
    (found,) = again(Pipeline([Fills("language", fails=True)]), ["language"])([article()])
    assert isinstance(found, InvalidRecord) and found.error_class == "stage_failed"


def test_the_same_models_make_the_same_bytes() -> None:
    stages = pipeline(Fills("sentiment", NEGATIVE))
    (first,) = again(stages, ["sentiment"])([article()])
    assert isinstance(first, EnrichedArticle)
    (second,) = again(stages, ["sentiment"])([first])
    assert isinstance(second, EnrichedArticle) and encode(second) == encode(first)


def test_the_encoder_runs_only_for_what_stands_behind_it() -> None:
    assert [stage.name for stage in again(pipeline(), ["language"]).pipeline.stages] == ["language"]
    assert [stage.name for stage in again(pipeline(), ["entities"]).pipeline.stages] == ["encode", "entities"]


@pytest.mark.parametrize(("chosen", "said"), [(["mood"], "there is no stage mood: one of text"), (["text"], "one of all stages")])
def test_what_cannot_run_alone_is_named(chosen: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        again(pipeline(), chosen)
