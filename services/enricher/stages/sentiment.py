"""How the reported events read to a general reader: negative, neutral or positive, for title and text together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.languages import base_language
from services.enricher.assets import Assets
from services.enricher.numbers import Floats64, sentiment_of, softmax
from services.enricher.stage import Draft, Encoding, Model, Stage, Window
from services.enricher.stages.encode import encoding_of


@dataclass(frozen=True, slots=True)
class Calibration:
    """From windows to a document: fitted by training/calibrate.py on whole stories, kept in the manifest."""

    text_weight: float
    title_weight: float
    """What the logarithms of the mean probabilities of text and title count."""
    bias: Sequence[float]
    """Added for negative, neutral, positive: a reader takes sides more often than the encoder does."""
    alone_weight: float = 1.0
    """The same for a text of one window, which speaks for itself: a mean over windows is flatter. It takes no side more often."""


@dataclass(frozen=True)
class SentimentStage:
    """Fills `sentiment`; below `min_confidence` the value is given with status low_confidence."""

    model: Model
    languages: frozenset[str]
    calibration: Calibration
    min_confidence: float
    name: str = "sentiment"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language` and `encoding`."""
        return [self._answer(draft) for draft in drafts]

    def _answer(self, draft: Draft) -> Draft:
        if draft.language is None or base_language(draft.language.tag) not in self.languages:
            return draft.answered(self.name, "unsupported_language")
        sentiment = sentiment_of(document_probabilities(encoding_of(draft), self.calibration))
        unsure = sentiment.confidence < self.min_confidence
        return draft.answered(self.name, "low_confidence" if unsure else "ok", sentiment=sentiment)


def document_probabilities(encoding: Encoding, calibration: Calibration) -> Floats64:
    """[3]: negative, neutral, positive; an article without title or text is judged by the other alone."""
    if len(encoding.windows) == 1:
        alone = encoding.windows[0].sentiment
        return softmax(calibration.alone_weight * alone)
    title = _log_mean(window for window in encoding.windows if window.field == "title")
    text = _log_mean(window for window in encoding.windows if window.field == "text")
    title, text = (title if title is not None else text), (text if text is not None else title)
    if title is None or text is None:
        raise ValueError("the article was not encoded")
    return softmax(calibration.text_weight * text + calibration.title_weight * title + np.array(calibration.bias))


def _log_mean(windows: Iterable[Window]) -> Floats64 | None:
    """The logarithm of the windows' mean probabilities, weighted by tokens; None without windows."""
    chosen = tuple(windows)
    if not chosen:
        return None
    weights = np.array([len(window.offsets) for window in chosen], np.float64)
    shares = softmax(np.array([window.sentiment for window in chosen], np.float64))
    mean: Floats64 = np.log(weights @ shares / weights.sum())
    return mean


def load(assets: Assets) -> Stage:
    """The stage for the built-in encoder's sentiment."""
    settings = assets.settings["sentiment"]
    return SentimentStage(
        model=assets.file("encoder").model,
        languages=assets.supported("sentiment"),
        calibration=Calibration(**settings["calibration"]),
        min_confidence=settings["min_confidence"],
    )
