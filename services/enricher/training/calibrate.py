"""Fits the few numbers between the encoder and the answers, and writes them into the manifest's settings:
`python -m services.enricher.training.calibrate CORPORA`.

Stories that corpora.held_out names are never fitted on. The encoder saw single lines of these stories with their
sentiment and the stories' topics in training, and topics' shares are counted over all of them, so what is printed for
held-out stories flatters it.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.assets import BUILT_IN, Assets, open_assets
from services.enricher.evaluation.scores import accuracy, macro_f1
from services.enricher.prefixes import Prefixes
from services.enricher.readings import read
from services.enricher.stage import Encoding, Stage
from services.enricher.stages import encode
from services.enricher.stages.encode import encoding_of, softmax
from services.enricher.stages.entities import open_rarity
from services.enricher.stages.sentiment import LABELS, Calibration, document_probabilities
from services.enricher.stages.topics import topic_probabilities
from services.enricher.training.corpora import Labelled, held_out, read_annotated_stories, read_stories
from services.enricher.training.manifest import update_manifest
from services.enricher.training.measure import answers
from services.enricher.training.prefix_model import LETTERS, examples, fit_prefixes, held_out_accuracy, kinds_after
from services.enricher.vote import person_or_place

Floats64 = npt.NDArray[np.float64]

# Windows of 64 to 128 tokens are equally good for names (F1 on whole stories, en / ar: 64 95.4 / 69.9, 96 95.1 / 70.1,
# 128 95.0 / 70.1, 192 94.5 / 69.6, 256 92.5 / 68.7); longer ones are further from what the encoder was trained on.
_WINDOW_TOKENS = 96

# Of a grid around them on whole stories (en, ar) and development files: F1 changes by 0.3 points at most within ± 0.1
# (sure ± 0.2); neighbour changes nothing there, it is for names that the encoder knows only half.
_THRESHOLDS = {"kept": 0.4, "spread": 0.5, "sure": 0.9, "hint": 0.2, "neighbour": 0.15}

# Below this about half of the answers on held-out stories are wrong.
_MIN_CONFIDENCE = 0.45

_LANGUAGES = ("ar", "de", "en", "fr", "hi", "ru", "sw", "zh")
_STEPS, _RATE = 600, 0.5
# How far a topic's rarity in training is taken back: 0 not at all, 1 as if all were equally common.
_PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Story:
    """A labelled story with what the encoder says."""

    labelled: Labelled
    encoding: Encoding

    @property
    def sentiment(self) -> int:
        """The gold class."""
        return [str(label) for label in LABELS].index(self.labelled.sentiment or "")

    @property
    def topics(self) -> Floats64:
        """[17]: 1 for the gold topics."""
        return np.array([code in self.labelled.topics for code in MEDIA_TOPICS], np.float64)


def encoded(encoder: Stage, labelled: Sequence[Labelled]) -> Iterator[Story]:
    """The stories with their encodings."""
    for item, draft in answers([encoder], labelled):
        yield Story(item, encoding_of(draft))


def fit_sentiment(stories: Sequence[Story]) -> Calibration:
    """The weights and biases that make the gold likeliest, by gradient descent."""
    single = (Calibration(1.0, 0.0, (0.0,) * 3), Calibration(0.0, 1.0, (0.0,) * 3))
    inputs = np.array([[np.log(document_probabilities(s.encoding, c)) for c in single] for s in stories], np.float64)
    gold = np.eye(3)[[story.sentiment for story in stories]]
    weights, bias = np.ones(2), np.zeros(3)
    for _ in range(_STEPS):
        slope = (softmax(np.einsum("nkc,k->nc", inputs, weights) + bias) - gold) / len(gold)
        weights -= _RATE * np.einsum("nkc,nc->k", inputs, slope)
        bias -= _RATE * slope.sum(axis=0)
    text, title = (round(float(weight), 3) for weight in weights)
    return Calibration(text, title, tuple(round(float(value), 3) for value in bias - bias.mean()))


def fit_topics(stories: Sequence[Story], shares: Floats64) -> list[float]:
    """The shifts of the topics' log odds: part of their rarity and one threshold for all, chosen by micro-F1.

    shares are the topics' shares of the stories that the encoder was trained on: it says rare topics too rarely.
    """
    gold = np.array([story.topics for story in stories])
    odds = np.array([_odds(topic_probabilities(story.encoding, (0.0,) * len(shares))) for story in stories])
    rarity = -np.log((shares + _LEAST_SHARE) / (1 - shares))
    candidates = [part * rarity - limit for part in _PARTS for limit in np.arange(-2.0, 4.0, 0.1)]
    best = max(candidates, key=lambda shifts: _micro_f1(gold, odds + shifts))
    return [round(float(shift), 3) for shift in best]


def _odds(probabilities: Floats64) -> Floats64:
    odds: Floats64 = np.log(probabilities / (1 - probabilities))
    return odds


def _micro_f1(gold: Floats64, odds: Floats64) -> float:
    """Of what the stage would answer: topics with log odds over 0, or else the likeliest."""
    answered = (odds > 0) | (odds == odds.max(axis=1, keepdims=True))
    return float(2 * (gold * answered).sum() / (gold.sum() + answered.sum()))


def fit_lone_person(stories: Sequence[Story], prefixes: Prefixes) -> float:
    """The middle (geometric) of the widest gap between words that are places and words that are persons, by how much
    more of a person than of a place their votes make them; among words that were read as both in a whole story.
    """
    ratios: dict[str, list[float]] = {"PER": [], "LOC": []}
    for story in stories:
        item = story.labelled
        readings = [read("title", item.title or "", story.encoding), read("text", item.text, story.encoding)]
        gold = {(field, end): kind for field, _, end, kind in item.spans}
        for places, person, place in person_or_place(readings, prefixes):
            ends = [(readings[p.reading].field, readings[p.reading].edges[p.end - 1][1]) for p in places]
            kinds = [gold[end] for end in ends if end in gold]
            kind = max(set(kinds), key=kinds.count, default="")
            if kind in ratios:
                ratios[kind].append(person / place)
    print(f"lone words, person ÷ place: places {_rounded(ratios['LOC'])}, persons {_rounded(ratios['PER'])}")
    return round(float((max(ratios["LOC"]) * min(ratios["PER"])) ** -0.5), 2)


def _rounded(values: Sequence[float]) -> list[float]:
    return sorted(round(value, 2) for value in values)


def prefix_settings(corpora: Path, assets: Assets) -> dict[str, Any]:
    """The settings of attached prefixes by language."""
    rarity, settings = open_rarity(assets), {}
    for language, letters in LETTERS.items():
        stories = read_annotated_stories(corpora, language)
        found = examples(stories, letters)
        settings[language] = fit_prefixes(found, letters, rarity) | {"kinds": kinds_after(stories, letters)}
        print(f"prefixes  {language}: {len(found)} names, held-out {held_out_accuracy(found, letters, rarity):.3f}")
    return settings


def report(stories: Sequence[Story], calibration: Calibration, shifts: Sequence[float]) -> None:
    """Prints how good sentiment and topics are, with averaging alone and calibrated."""
    gold = [LABELS[story.sentiment] for story in stories]
    for name, how in (("averaged", Calibration(1.0, 0.0, (0.0,) * 3)), ("calibrated", calibration)):
        found = [LABELS[int(document_probabilities(story.encoding, how).argmax())] for story in stories]
        print(f"sentiment {name}: accuracy {accuracy(gold, found):.3f}, macro-F1 {macro_f1(gold, found):.3f}")
    topics = np.array([story.topics for story in stories])
    for name, moved in (("averaged", (0.0,) * len(shifts)), ("calibrated", shifts)):
        odds = np.array([_odds(topic_probabilities(story.encoding, moved)) for story in stories])
        first = topics[np.arange(len(topics)), odds.argmax(axis=1)].mean()
        print(f"topics    {name}: likeliest is right {first:.3f}, micro-F1 {_micro_f1(topics, odds):.3f}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ntrex/ and articles/")
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder of the model and its manifest")
    options = parser.parse_args()
    update_manifest(options.models, settings={"encode": {"window_tokens": _WINDOW_TOKENS}})
    assets = open_assets(options.models)
    encoder = encode.load(assets)
    prefixes = prefix_settings(options.corpora, assets)
    learned = Prefixes(rarity=open_rarity(assets), **prefixes["ar"])
    lone = fit_lone_person(
        [
            *encoded(encoder, read_annotated_stories(options.corpora, "en")),
            *encoded(encoder, read_annotated_stories(options.corpora, "ar")),
        ],
        learned,
    )
    stories = list(encoded(encoder, read_stories(options.corpora, _LANGUAGES)))
    fitted = [story for story in stories if not held_out(story.labelled.document)]
    shares = np.mean([story.topics for story in stories], axis=0)
    calibration, shifts = fit_sentiment(fitted), fit_topics(fitted, shares)
    report([story for story in stories if held_out(story.labelled.document)], calibration, shifts)
    update_manifest(
        options.models,
        settings={
            "entities": {"thresholds": _THRESHOLDS | {"lone_person": lone}, "prefixes": prefixes},
            "sentiment": {
                "text_weight": calibration.text_weight,
                "title_weight": calibration.title_weight,
                "bias": calibration.bias,
                "min_confidence": _MIN_CONFIDENCE,
            },
            "topics": {"shifts": shifts, "threshold": 0.5},
        },
    )


if __name__ == "__main__":
    main()
