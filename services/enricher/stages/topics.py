"""IPTC Media Topics of an article: several may hold, each with its own probability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.enriched_article import Topic
from schemas.languages import base_language
from schemas.media_topics import MEDIA_TOPICS
from services.enricher.assets import Assets
from services.enricher.numbers import Floats64, log_odds, sigmoid
from services.enricher.stage import Draft, Encoding, Model, Stage
from services.enricher.stages.encode import encoding_of


@dataclass(frozen=True)
class TopicsStage:
    """Fills `topics`, likeliest first. Below `threshold` only the likeliest is given, as low_confidence."""

    model: Model
    languages: frozenset[str]
    slope: float
    """Log odds are multiplied by it, and then `shift` is added: fitted by training/calibrate.py."""
    shift: float
    threshold: float
    alone_slope: float
    alone_shift: float
    """The same for a text of one window: a sentence alone says less than an article, and the encoder doesn't know it."""
    name: str = "topics"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language` and `encoding`."""
        return [self._answer(draft) for draft in drafts]

    def _answer(self, draft: Draft) -> Draft:
        if draft.language is None or base_language(draft.language.tag) not in self.languages:
            return draft.answered(self.name, "unsupported_language")
        encoding = encoding_of(draft)
        is_alone = len(encoding.windows) == 1
        slope, shift = (self.alone_slope, self.alone_shift) if is_alone else (self.slope, self.shift)
        probabilities = sigmoid(slope * topic_log_odds(encoding) + shift)
        topics = likeliest(probabilities, self.threshold)
        unsure = topics[0].confidence < self.threshold
        return draft.answered(self.name, "low_confidence" if unsure else "ok", topics=topics)


def topic_log_odds(encoding: Encoding) -> Floats64:
    """[17]: of the windows' mean probabilities, weighted by tokens."""
    weights = np.array([len(window.offsets) for window in encoding.windows], np.float64)
    windows = sigmoid(np.array([window.topics for window in encoding.windows], np.float64))
    return log_odds(weights @ windows / weights.sum())


def likeliest(probabilities: Floats64, threshold: float) -> tuple[Topic, ...]:
    """The topics at or above the threshold, likeliest first; the single likeliest when there is none."""
    order = np.argsort(-probabilities, kind="stable")
    names = list(MEDIA_TOPICS.items())
    topics = (
        Topic(qcode=names[place][0], name=names[place][1], confidence=round(float(probabilities[place]), 4)) for place in order
    )
    first, *others = topics
    return (first, *(topic for topic in others if topic.confidence >= threshold))


def load(assets: Assets) -> Stage:
    """The stage for the built-in encoder's topics."""
    return TopicsStage(assets.file("encoder").model, assets.supported("topics"), **assets.settings["topics"])
