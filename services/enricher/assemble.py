"""From a finished draft to the record that is published: a pure function of the raw record and the models."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from schemas.enriched_article import Annotation, EnrichedArticle, Status
from schemas.identity import content_digest
from services.enricher.decode import Arrived
from services.enricher.stage import Draft, Model, Stage

_DRAFTED = tuple(name for name in Draft.__slots__ if name in EnrichedArticle.model_fields)


def assemble(arrived: Arrived, draft: Draft, models: Mapping[str, Model]) -> EnrichedArticle:
    """The enriched article; every field of the draft that the contract also has is published.

    Raises:
        pydantic.ValidationError: a stage made a value that the contract doesn't allow.
    """
    article = draft.article
    return EnrichedArticle(
        article_id=arrived.article_id,
        url=article.url,
        canonical_url=arrived.canonical_url,
        published_at=article.published_at,
        collected_at=article.collected_at,
        source=article.source,
        authors=article.authors or (),
        section=article.section,
        image=article.image,
        licence=article.licence,
        revision=article.revision or 0,
        opt_outs=article.opt_outs or (),
        is_accessible_for_free=article.is_accessible_for_free,
        content_digest=content_digest(draft.title, draft.text),
        annotations=annotations(draft, models),
        warnings=arrived.warnings,
        **{name: getattr(draft, name) for name in _DRAFTED},
    )


def annotations(draft: Draft, models: Mapping[str, Model]) -> dict[str, Annotation]:
    """By stage, who made its value and how that went."""
    nobody = Model("", "")
    return {stage: _annotation(models.get(stage, nobody), status) for stage, status in draft.statuses.items()}


@lru_cache(maxsize=256)  # a process has few models and few statuses, and every article needs them all
def _annotation(model: Model, status: Status) -> Annotation:
    return Annotation(model=model.name or None, version=model.version or None, digest=model.digest, status=status)


def models_of(stages: Sequence[Stage]) -> dict[str, Model]:
    """Each stage's model, by the stage's name."""
    return {stage.name: stage.model for stage in stages}
