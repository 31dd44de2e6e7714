"""Learns from annotated names when the first letter of a word is an attached prefix; see services/enricher/prefixes.py."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from services.enricher.prefixes import EVIDENCE, Prefixes, Rarity
from services.enricher.readings import comparable
from services.enricher.spans import TYPES
from services.enricher.training.corpora import Labelled

LETTERS: Mapping[str, str] = {"ar": "وفبلك", "he": "ובלמהשכ"}

_WORD = regex.compile(r"[\p{L}\p{M}]+")
_L2 = 0.3
_STEPS = 50
# A letter tells the kind of name only when it was seen before this many.
_TELLING = 25


@dataclass(frozen=True, slots=True)
class Example:
    """The first word of a name, with whether its first letter is a prefix."""

    word: str
    kind: str
    is_prefixed: bool
    counts: Mapping[str, int]
    document: str


def examples(stories: Sequence[Labelled], letters: str) -> list[Example]:
    """The names whose first word begins with one of the letters."""
    return [example for story in stories for example in _examples(story, letters)]


def _examples(story: Labelled, letters: str) -> Iterator[Example]:
    fields = {"title": story.title or "", "text": story.text}
    counts = Counter(comparable(word[0]) for text in fields.values() for word in _WORD.finditer(text))
    for name, start, _, kind in sorted(story.spans):
        for word in _WORD.finditer(fields[name]):
            if word.start() <= start < word.end():
                form = comparable(word[0])
                if start - word.start() <= 1 and len(form) > 2 and form[0] in letters:
                    yield Example(form, kind, start > word.start(), counts, story.document)


def fit_prefixes(found: Sequence[Example], letters: str, rarity: Rarity) -> dict[str, Any]:
    """The settings of Prefixes for a language, by logistic regression with a little shrinkage."""
    prefixes = Prefixes(dict.fromkeys(letters, 0.0), rarity=rarity)
    rows = [
        [*(float(example.word[0] == letter) for letter in letters), *prefixes.evidence(example.word, example.counts)]
        for example in found
    ]
    weights = _logistic(np.array(rows), np.array([example.is_prefixed for example in found], np.float64))
    by_letter = dict(zip(letters, weights[: len(letters)], strict=True))
    by_evidence = dict(zip(EVIDENCE, weights[len(letters) :], strict=True))
    return {
        "letters": {letter: round(float(weight), 2) for letter, weight in by_letter.items()},
        "weights": {kind: round(float(weight), 2) for kind, weight in by_evidence.items()},
    }


def _logistic(rows: npt.NDArray[np.float64], gold: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The weights that make the gold likeliest, less an L2 penalty; Newton's method."""
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (likely - gold) + _L2 * weights
        curve = (rows * (likely * (1 - likely))[:, None]).T @ rows + _L2 * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return weights


def kinds_after(stories: Sequence[Labelled], letters: str) -> dict[str, list[float]]:
    """For letters that tell: how often persons, organisations and places stand behind them, per thousand of each."""
    total = Counter(kind for story in stories for _, _, _, kind in story.spans)
    behind = Counter((e.word[0], e.kind) for e in examples(stories, letters) if e.is_prefixed)
    return {
        letter: [round(1000 * (behind[letter, kind] + 1) / (total[kind] + 1), 1) for kind in TYPES]
        for letter in letters
        if sum(behind[letter, kind] for kind in TYPES) >= _TELLING
    }


def held_out_accuracy(found: Sequence[Example], letters: str, rarity: Rarity, parts: int = 7) -> float:
    """The share of right answers when every story is answered by a model that never saw it, 0–1."""
    documents = sorted({example.document for example in found})
    right = 0
    for part in range(parts):
        held = set(documents[part::parts])
        learned = fit_prefixes([example for example in found if example.document not in held], letters, rarity)
        prefixes = Prefixes(**learned, rarity=rarity)
        for example in found:
            if example.document in held:
                right += (prefixes.split(example.word, example.counts) > 0) == example.is_prefixed
    return right / max(len(found), 1)
