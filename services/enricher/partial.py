"""Runs some stages again on articles that were published before; every other value stays as it is (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.enriched_article import EnrichedArticle
from schemas.raw_article import RawArticle
from services.enricher.assemble import annotations, models_of
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft
from services.runtime.errors import ConfigurationError, InvalidRecord

# All other values are about the text: a stage that makes another one makes another article.
_FROM_THE_BEGINNING = "text"

# What stands behind it in the list of stages reads what it says.
_ENCODE = "encode"

_KEPT = tuple(name for name in Draft.__slots__ if name in EnrichedArticle.model_fields)


@dataclass(frozen=True, slots=True)
class Again:
    """The chosen stages, and those that must run for them."""

    pipeline: Pipeline
    chosen: frozenset[str]

    def __call__(self, articles: Sequence[EnrichedArticle]) -> list[EnrichedArticle | InvalidRecord]:
        """Each article with the chosen values made anew, in order."""
        results = self.pipeline([self._draft(article) for article in articles])
        return [
            result if isinstance(result, InvalidRecord) else self._published(article, result)
            for article, result in zip(articles, results, strict=True)
        ]

    def _draft(self, article: EnrichedArticle) -> Draft:
        """The article before the chosen stages; their own values are blank, as they stay where a stage fails."""
        raw = RawArticle(url=article.url, title=article.title, text=article.text)
        return Draft(article=raw, **{name: getattr(article, name) for name in _KEPT if name not in self.chosen})

    def _published(self, article: EnrichedArticle, draft: Draft) -> EnrichedArticle:
        changed = {name: getattr(draft, name) for name in _KEPT if name in self.chosen}
        models = models_of(self.pipeline.stages)
        return article.model_copy(update={**changed, "annotations": {**article.annotations, **annotations(draft, models)}})


def again(whole: Pipeline, chosen: Iterable[str]) -> Again:
    """The chosen ones of a pipeline's stages.

    Raises:
        ConfigurationError: there is no such stage, or it can't run alone.
    """
    names, wanted = [stage.name for stage in whole.stages], frozenset(chosen)
    if unknown := wanted - set(names):
        raise ConfigurationError(f"there is no stage {', '.join(sorted(unknown))}: one of {', '.join(names)}")
    if _FROM_THE_BEGINNING in wanted:
        raise ConfigurationError("every value is about the text: a replay of the stage text is one of all stages")
    needed = wanted
    if _ENCODE in names and any(names.index(name) > names.index(_ENCODE) for name in wanted):
        needed = wanted | {_ENCODE}
    return Again(Pipeline([stage for stage in whole.stages if stage.name in needed], timer=whole.timer), wanted)
