"""Runs a user's model over title and text, window by window, each alone and unpadded (docs/decisions/0003)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.languages import UNDETERMINED, base_language
from services.enricher.numbers import Floats64
from services.enricher.own_models.classifier import Classify, open_classifier
from services.enricher.own_models.folder import ModelFolder
from services.enricher.stage import Draft, Floats
from services.enricher.windows import Span, Tokenize, windows


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model says about a window."""

    field: str
    """ "title" or "text"."""
    offsets: npt.NDArray[np.int32]
    """[tokens, 2]: code points into the field."""
    logits: Floats
    """[tokens, labels] of a token classifier, else [labels]."""


@dataclass(frozen=True)
class Reader:
    """Fills no field: stages make something of what it says."""

    tokenize: Tokenize
    classify: Classify
    executor: Executor
    window_tokens: int

    def __call__(self, drafts: Sequence[Draft]) -> Iterator[Sequence[Reading]]:
        """The readings of each draft, title first; all windows of all drafts side by side."""
        spans = [list(self._windows(draft)) for draft in drafts]
        answers = self.executor.map(self._answer, [span for of_draft in spans for span in of_draft])
        return iter([[next(answers) for _ in of_draft] for of_draft in spans])

    def _windows(self, draft: Draft) -> Iterator[Span]:
        yield from windows("title", draft.title or "", self.tokenize, self.window_tokens)
        yield from windows("text", draft.annotated_text, self.tokenize, self.window_tokens)

    def _answer(self, span: Span) -> Reading:
        logits = self.classify(span.ids)
        if not np.isfinite(logits).all():
            raise ValueError("the model says what is no number")
        answered = slice(span.first, span.end)
        return Reading(span.field, span.offsets[answered], logits[answered] if logits.ndim == 2 else logits)


def open_reader(folder: ModelFolder, threads: int, by_token: bool) -> Reader:
    """The folder's model, tried out; takes seconds.

    Raises:
        AssetCorrupt: tokenizer or model aren't as they should be.
    """
    classifier = open_classifier(folder, by_token)
    executor = ThreadPoolExecutor(threads, thread_name_prefix=f"own-{folder.path.name}")
    return Reader(classifier.tokenize, classifier.classify, executor, classifier.window_tokens)


def answered(
    name: str,
    languages: frozenset[str] | None,
    reader: Reader,
    drafts: Sequence[Draft],
    answer: Callable[[Draft, Sequence[Reading]], Draft],
) -> list[Draft]:
    """A stage's answers in order; drafts in other languages than the model's aren't read."""
    are_read = [languages is None or _language_of(draft) in languages for draft in drafts]
    readings = reader([draft for draft, is_read in zip(drafts, are_read, strict=True) if is_read])
    return [
        answer(draft, next(readings)) if is_read else draft.answered(name, "unsupported_language")
        for draft, is_read in zip(drafts, are_read, strict=True)
    ]


def _language_of(draft: Draft) -> str:
    return base_language(draft.language.tag) if draft.language else UNDETERMINED


def mean_probabilities(readings: Sequence[Reading], probabilities: Callable[[Floats], Floats64]) -> Floats:
    """[labels]: the windows' mean, weighted by tokens.

    Raises:
        ValueError: there is nothing to read, which fails the stage for this article.
    """
    if not readings:
        raise ValueError("the model's tokenizer finds nothing in the article")
    weights = np.array([len(reading.offsets) for reading in readings], np.float64)
    shares = np.array([probabilities(reading.logits) for reading in readings], np.float64)
    mean: Floats = (weights @ shares / weights.sum()).astype(np.float32)
    return mean
