"""How the reported events read, from a sequence classifier of the user's, for title and text together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from schemas.enriched_article import SentimentLabel
from services.enricher.assets import Assets
from services.enricher.errors import AssetCorrupt
from services.enricher.numbers import LABELS, sentiment_of, softmax
from services.enricher.own_models.folder import CONFIG, ModelFolder, read_folder
from services.enricher.own_models.labels import meanings
from services.enricher.own_models.reader import Reader, Reading, answered, mean_probabilities, open_reader
from services.enricher.stage import Draft, Floats, Model, Stage

# As for the built-in model: of three classes, the likeliest is hardly likelier than the others.
MIN_CONFIDENCE = 0.45

_CALLED: Mapping[str, SentimentLabel] = MappingProxyType(
    {
        "negative": "negative",
        "neg": "negative",
        "neutral": "neutral",
        "neu": "neutral",
        "positive": "positive",
        "pos": "positive",
    }
)


@dataclass(frozen=True)
class OwnSentimentStage:
    """Fills `sentiment`; below MIN_CONFIDENCE the value is given with status low_confidence."""

    model: Model
    languages: frozenset[str] | None
    classes: Sequence[SentimentLabel]
    """What each of the model's labels is."""
    reader: Reader
    name: str = "sentiment"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language`."""
        return answered(self.name, self.languages, self.reader, drafts, self._answer)

    def _answer(self, draft: Draft, readings: Sequence[Reading]) -> Draft:
        sentiment = sentiment_of(in_classes(mean_probabilities(readings, softmax), self.classes))
        unsure = sentiment.confidence < MIN_CONFIDENCE
        return draft.answered(self.name, "low_confidence" if unsure else "ok", sentiment=sentiment)


def in_classes(probabilities: Floats, classes: Sequence[SentimentLabel]) -> Floats:
    """[3]: negative, neutral, positive; labels of one class count together, a class without any has 0."""
    shares = np.zeros(len(LABELS), np.float32)
    for probability, label in zip(probabilities, classes, strict=True):
        shares[LABELS.index(label)] += probability
    return np.minimum(shares, np.float32(1))


def read_classes(folder: ModelFolder) -> list[SentimentLabel]:
    """What each label is, in order.

    Raises:
        AssetCorrupt: a label is none of the three, none is negative or none positive, or several may hold at once.
    """
    if folder.problem_type not in (None, "single_label_classification"):
        raise AssetCorrupt(f"{folder.file(CONFIG)}: {folder.problem_type}; sentiment needs single_label_classification")
    classes: list[SentimentLabel] = meanings(folder, _class, "negative, neutral or positive")
    if missing := {"negative", "positive"} - set(classes):
        raise AssetCorrupt(f"{folder.file(CONFIG)}: no label is {' or '.join(sorted(missing))}")
    return classes


def _class(label: str, told: str | None) -> SentimentLabel | None:
    return _CALLED.get((label if told is None else told).strip().casefold())


def load(folder: Path, assets: Assets) -> Stage:
    """The stage with the folder's model.

    Raises:
        AssetMissing: a file isn't there.
        AssetCorrupt: a file isn't as it should be, or a label means nothing here.
    """
    read = read_folder(folder)
    classes = read_classes(read)
    return OwnSentimentStage(read.model, read.languages, classes, open_reader(read, assets.threads, by_token=False))
