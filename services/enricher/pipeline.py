"""Applies the stages in order; one bad article never fails the others (pure)."""

import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from services.enricher.errors import StageFailed
from services.enricher.stage import Draft, Stage
from services.runtime.errors import InvalidRecord, TransientError

# Without a text or a language nothing can be published; any other stage may fail on an article alone.
REQUIRED_STAGES = frozenset({"text", "language"})

Timer = Callable[[str], AbstractContextManager[object]]


def untimed(_stage: str) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of one process, and the names of those that are switched off."""

    stages: Sequence[Stage]
    disabled: frozenset[str] = frozenset()
    timer: Timer = untimed

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft | InvalidRecord]:
        """Each draft with all its annotations, or why it can't be published, in order."""
        results: list[Draft | InvalidRecord] = [self._without_disabled(draft) for draft in drafts]
        for stage in self.stages:
            places = [place for place, result in enumerate(results) if isinstance(result, Draft)]
            with self.timer(stage.name):
                answers = run_stage(stage, [result for result in results if isinstance(result, Draft)])
            for place, answer in zip(places, answers, strict=True):
                results[place] = answer
        return results

    def _without_disabled(self, draft: Draft) -> Draft:
        for name in sorted(self.disabled):
            draft = draft.answered(name, "disabled")
        return draft


def run_stage(stage: Stage, drafts: Sequence[Draft]) -> list[Draft | InvalidRecord]:
    """A stage's answers in order; when the batch raises, article by article.

    Raises:
        TransientError: the stage may succeed later; the whole batch is to be tried again.
    """
    try:
        answers = list(stage(drafts)) if drafts else []
        if len(answers) == len(drafts):
            return list(answers)
        raise StageFailed(stage.name, f"{len(answers)} answers to {len(drafts)} drafts")
    except TransientError:
        raise
    except Exception as error:  # a stage is anyone's code: whatever it raises costs one annotation, never an article
        if len(drafts) == 1:
            return [_failed(stage, drafts[0], error)]
        return [answer for draft in drafts for answer in run_stage(stage, [draft])]


def _failed(stage: Stage, draft: Draft, error: Exception) -> Draft | InvalidRecord:
    if stage.name not in REQUIRED_STAGES:
        return draft.answered(stage.name, "failed")
    if isinstance(error, InvalidRecord):
        return error
    failure = StageFailed(stage.name, f"{type(error).__name__} in stage {stage.name}")
    failure.__cause__ = error
    failure.stack_trace = "".join(traceback.format_tb(error.__traceback__))
    return failure
