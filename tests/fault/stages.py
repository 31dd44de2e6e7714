"""Stages that a marked text makes misbehave; for any other text they are those that they are put around."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.topics import NEWS_ENRICHED
from services.enricher.stage import Draft, Model, Stage

SLOW, CRASH, SWELL = "⧗ slow", "⚡ crash", "⇶ swell"


@dataclass(frozen=True)
class Hurting:
    """The first stage: slow for one text, the end of the process for another."""

    inner: Stage
    slow_s: float

    @property
    def name(self) -> str:
        """The inner one's."""
        return self.inner.name

    @property
    def model(self) -> Model:
        """The inner one's."""
        return self.inner.model

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        texts = [draft.article.text or "" for draft in drafts]
        if any(CRASH in text for text in texts):
            os.kill(os.getpid(), signal.SIGSEGV)
        if any(SLOW in text for text in texts):
            time.sleep(self.slow_s)
        return self.inner(drafts)


@dataclass(frozen=True)
class Swelling:
    """The last stage: a marked text comes out larger than any enriched record may be."""

    inner: Stage

    @property
    def name(self) -> str:
        """The inner one's."""
        return self.inner.name

    @property
    def model(self) -> Model:
        """The inner one's."""
        return self.inner.model

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        return [_swollen(draft) if SWELL in draft.text else draft for draft in self.inner(drafts)]


def _swollen(draft: Draft) -> Draft:
    return replace(draft, text=draft.text + " " * NEWS_ENRICHED.max_message_bytes)


def pure(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages as the truth knows them: what they say of every text, without harm to the process."""
    return (*stages[:-1], Swelling(stages[-1]))


def harmful(stages: Sequence[Stage], slow_s: float) -> tuple[Stage, ...]:
    """The stages as a worker has them; the same values."""
    return (Hurting(stages[0], slow_s), *pure(stages)[1:])
