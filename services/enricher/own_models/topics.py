"""IPTC Media Topics of an article, from a sequence classifier of the user's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.assets import Assets
from services.enricher.errors import AssetCorrupt
from services.enricher.evaluation.topic_labels import topic_of
from services.enricher.numbers import sigmoid, softmax
from services.enricher.own_models.folder import CONFIG, ModelFolder, read_folder
from services.enricher.own_models.labels import meanings
from services.enricher.own_models.reader import Reader, Reading, answered, mean_probabilities, open_reader
from services.enricher.stage import Draft, Floats, Model, Stage
from services.enricher.stages.topics import likeliest

# Likelier than not.
THRESHOLD = 0.5

NO_TOPIC = "none"
_SINGLE, _MULTI = "single_label_classification", "multi_label_classification"
_QCODES = tuple(MEDIA_TOPICS)


@dataclass(frozen=True)
class OwnTopicsStage:
    """Fills `topics`, likeliest first. Below THRESHOLD only the likeliest is given, as low_confidence."""

    model: Model
    languages: frozenset[str] | None
    qcodes: Sequence[str]
    """Which topic each of the model's labels is; NO_TOPIC where it is none."""
    is_multi_label: bool
    reader: Reader
    name: str = "topics"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language`."""
        return answered(self.name, self.languages, self.reader, drafts, self._answer)

    def _answer(self, draft: Draft, readings: Sequence[Reading]) -> Draft:
        labels = mean_probabilities(readings, sigmoid if self.is_multi_label else softmax)
        topics = likeliest(by_topic(labels, self.qcodes, self.is_multi_label), THRESHOLD)
        unsure = topics[0].confidence < THRESHOLD
        return draft.answered(self.name, "low_confidence" if unsure else "ok", topics=topics)


def by_topic(labels: Floats, qcodes: Sequence[str], is_multi_label: bool) -> npt.NDArray[np.float64]:
    """[17]: labels of one topic add up where only one of them can hold, else the likeliest counts; 0 for what has none."""
    topics = np.zeros(len(_QCODES))
    for probability, qcode in zip(labels, qcodes, strict=True):
        if qcode != NO_TOPIC:
            place = _QCODES.index(qcode)
            topics[place] = max(topics[place], probability) if is_multi_label else topics[place] + probability
    return np.minimum(topics, 1)


def read_topics(folder: ModelFolder) -> list[str]:
    """The QCode of each label, in order, or NO_TOPIC.

    Raises:
        AssetCorrupt: a label is no Media Topic, or all are none, or the model isn't one that classifies.
    """
    if folder.problem_type not in (None, _SINGLE, _MULTI):
        raise AssetCorrupt(f"{folder.file(CONFIG)}: {folder.problem_type}; topics need {_SINGLE} or {_MULTI}")
    choices = f'the QCode, the two first digits or the name of one of the 17 Media Topics, or "{NO_TOPIC}"'
    topics = meanings(folder, _topic, choices)
    if set(topics) == {NO_TOPIC}:
        raise AssetCorrupt(f"{folder.file(CONFIG)}: no label is a Media Topic")
    return topics


def _topic(label: str, told: str | None) -> str | None:
    return NO_TOPIC if told == NO_TOPIC else topic_of(label if told is None else told)


def load(folder: Path, assets: Assets) -> Stage:
    """The stage with the folder's model.

    Raises:
        AssetMissing: a file isn't there.
        AssetCorrupt: a file isn't as it should be, or a label means nothing here.
    """
    read = read_folder(folder)
    qcodes = read_topics(read)
    reader = open_reader(read, assets.threads, by_token=False)
    return OwnTopicsStage(read.model, read.languages, qcodes, read.problem_type == _MULTI, reader)
