"""Persons, organisations, places and other names: found by the encoder, settled by all their places in the article."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from schemas.enriched_article import Entity, Mention, Sentiment
from schemas.languages import base_language
from services.enricher.assets import Assets
from services.enricher.names import Spotted, grouped, name_of, spotted
from services.enricher.numbers import log_odds, sentiment_of, sigmoid, softmax
from services.enricher.prefixes import NONE, PREFIXES, Prefixes
from services.enricher.readings import read
from services.enricher.salience import salience
from services.enricher.stage import Draft, Encoding, Model, Stage
from services.enricher.stages.encode import encoding_of
from services.enricher.vote import Thresholds, find_names


@dataclass(frozen=True, slots=True)
class Confidence:
    """From the encoder's probability that something is a name to how often exactly this name is right: log odds are
    multiplied and shifted, as Platt (1999) does; fitted by training/calibrate.py.
    """

    slope: float = 1.0
    shift: float = 0.0

    def of(self, probabilities: Sequence[float]) -> Sequence[float]:
        """The calibrated probabilities."""
        calibrated: list[float] = sigmoid(self.slope * log_odds(np.array(probabilities)) + self.shift).tolist()
        return calibrated


@dataclass(frozen=True, slots=True)
class Stance:
    """From the stances that a thing's mentions show to the one towards it: logarithms of their mean, multiplied and
    shifted; fitted by training/calibrate.py.
    """

    slope: float = 1.0
    bias: Sequence[float] = (0.0, 0.0, 0.0)

    def of(self, mentions: Sequence[Spotted]) -> Sentiment | None:
        """The stance towards what these mentions name; None when none of them shows one."""
        shown = [mention.stance for mention in mentions if mention.stance is not None]
        if not shown:
            return None
        mean = sum(shown[1:], shown[0]) / len(shown)
        return sentiment_of(softmax(self.slope * np.log(np.maximum(mean, 1e-9)) + np.array(self.bias)))


@dataclass(frozen=True)
class EntitiesStage:
    """Fills `entities`, most salient first; the stance towards each where sentiment is known in the language."""

    model: Model
    languages: frozenset[str]
    languages_of_sentiment: frozenset[str]
    thresholds: Thresholds
    confidence: Confidence = Confidence()
    stance: Stance = Stance()
    name: str = "entities"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language` and `encoding`."""
        return [self._answer(draft) for draft in drafts]

    def _answer(self, draft: Draft) -> Draft:
        language = base_language(draft.language.tag) if draft.language else ""
        if language not in self.languages:
            return draft.answered(self.name, "unsupported_language")
        prefixes = PREFIXES.get(language, NONE)
        names = spot(draft.title or "", draft.annotated_text, encoding_of(draft), prefixes, self.thresholds)
        confidences = self.confidence.of([name.confidence for name in names])
        sure = [replace(name, confidence=confidence) for name, confidence in zip(names, confidences, strict=True)]
        stance = self.stance if language in self.languages_of_sentiment else None
        return draft.answered(self.name, entities=salient(sure, len(draft.annotated_text), stance))


def spot(title: str, text: str, encoding: Encoding, prefixes: Prefixes, thresholds: Thresholds) -> Sequence[Spotted]:
    """The names of an article in reading order, title first."""
    readings = [read("title", title, encoding), read("text", text, encoding)]
    return spotted(readings, find_names(readings, prefixes, thresholds))


def salient(names: Sequence[Spotted], text_length: int, stance: Stance | None = None) -> tuple[Entity, ...]:
    """The named things with their mentions, most salient first; with the stance towards them when asked for."""
    groups = grouped(names)
    most_mentions = max(map(len, groups), default=1)
    found = [
        Entity(
            type=group[0].type,
            name=name_of(group),
            mentions=tuple(map(_mention, group)),
            salience=round(salience(group, most_mentions, text_length), 4),
            sentiment=stance.of(group) if stance else None,
        )
        for group in groups
    ]
    return tuple(sorted(found, key=lambda entity: -entity.salience))


def _mention(name: Spotted) -> Mention:
    return Mention.model_validate(
        {
            "field": name.field,
            "start": name.start,
            "end": name.end,
            "surface": name.surface,
            "confidence": round(name.confidence, 4),
        }
    )


def load(assets: Assets) -> Stage:
    """The stage for the built-in encoder's labels."""
    settings = assets.settings["entities"]
    return EntitiesStage(
        model=assets.file("encoder").model,
        languages=assets.supported("entities"),
        languages_of_sentiment=assets.supported("sentiment"),
        thresholds=Thresholds(**settings["thresholds"]),
        confidence=Confidence(**settings["confidence"]),
        stance=Stance(**settings["stance"]),
    )
