"""Takes rows through the product's own stages, in batches: with the language that the file says, and as served."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.enriched_article import Language
from schemas.languages import LANGUAGES, NO_SCRIPT, iso639_3
from schemas.raw_article import RawArticle
from services.enricher.assets import Assets
from services.enricher.evaluation.rows import Row
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft
from services.runtime.errors import InvalidRecord

_URL = "urn:newsloom:evaluate"

# The encoder runs window by window; larger batches would only keep more in memory.
_BATCH_ROWS = 64
_BATCH_CODE_POINTS = 100_000

_GATED = ("entities", "sentiment", "topics")


@dataclass(frozen=True, slots=True)
class Steps:
    """The stages that a task needs, in order."""

    shared: Pipeline
    """What doesn't ask for the language."""
    given: Pipeline
    """What does, without the gate."""
    says_language: bool = True
    """Whether it is told the language; not where that is the question."""
    served: Pipeline | None = None
    """Detection and the same with the gate; None when it isn't asked for."""
    keeps_offsets: bool = False
    """Whether texts go in as they are, not through the text stage, which may move what stands in them."""


Answered = tuple[Row, Draft, Draft | None]
"""A row, the answer in its own language, and the answer as served."""


def without_gate(assets: Assets, languages: Iterable[str]) -> Assets:
    """The assets with these languages, and all of the table, supported."""
    every = dict.fromkeys([*LANGUAGES, *languages], 1.0)
    return replace(assets, scores={**assets.scores, **dict.fromkeys(_GATED, every)})


def answers(steps: Steps, rows: Iterable[Row]) -> Iterator[Answered]:
    """What the stages make of each row, in order."""
    for batch in _batches(rows):
        shared = _through(steps.shared, [_draft(row, steps.keeps_offsets) for row in batch])
        told = [_in_own_language(row, draft) for row, draft in zip(batch, shared, strict=True)] if steps.says_language else shared
        given = _through(steps.given, told)
        served = _through(steps.served, shared) if steps.served else [None] * len(batch)
        yield from zip(batch, given, served, strict=True)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    length = 0
    for row in rows:
        batch.append(row)
        length += len(row.text)
        if len(batch) == _BATCH_ROWS or length >= _BATCH_CODE_POINTS:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _draft(row: Row, keeps_offsets: bool) -> Draft:
    article = RawArticle.model_construct(url=_URL, title=row.title, text=row.text)
    return Draft(article, title=row.title, text=row.text) if keeps_offsets else Draft(article)


def _in_own_language(row: Row, draft: Draft) -> Draft:
    known = LANGUAGES.get(row.language)
    script = known.script if known else NO_SCRIPT
    return replace(draft, language=Language(tag=row.language, confidence=1.0, iso639_3=iso639_3(row.language), script=script))


def _through(pipeline: Pipeline, drafts: Sequence[Draft]) -> list[Draft]:
    """The answers in order; a draft that the product would dead-letter stays as it was, with status "failed"."""
    answered = pipeline(drafts)
    return [
        draft.answered(pipeline.stages[-1].name, "failed") if isinstance(answer, InvalidRecord) else answer
        for draft, answer in zip(drafts, answered, strict=True)
    ]
