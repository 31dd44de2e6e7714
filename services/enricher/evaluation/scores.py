"""How good an answer is: strict spans and classes by precision, recall and F1; confidences by calibration error."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int, str]
"""Start, end, type."""

# As many as the literature's usual figure, each with equally many answers, so that none is a bin of chance.
BINS = 15


@dataclass(frozen=True, slots=True)
class Counts:
    """Answers that are right, wrong (not in the gold) and missed (only in the gold); they add up."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def gold(self) -> int:
        """How many there are to be found."""
        return self.right + self.missed

    @property
    def precision(self) -> float:
        """0–1; 0 without answers."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """0–1; 0 without gold."""
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0–1."""
        return 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)


def count(answers: Collection[Any], gold: Collection[Any]) -> Counts:
    """Strict comparison: an answer is right when exactly it is in the gold."""
    right = len(set(answers) & set(gold))
    return Counts(right, len(set(answers)) - right, len(set(gold)) - right)


def in_words(spans: Iterable[Span], words: Sequence[tuple[int, int]]) -> set[Span]:
    """The spans widened to the words that they touch, in word numbers: corpora label whole words, we leave clitics out.

    Words come in order and don't overlap; a span that touches none is left out.
    """
    widened = set()
    for start, end, kind in spans:
        first = bisect_right(words, start, key=lambda word: word[1])
        last = bisect_left(words, end, key=lambda word: word[0])
        if first < last:
            widened.add((first, last, kind))
    return widened


def macro_f1(gold: Sequence[str], answers: Sequence[str]) -> float:
    """The mean F1 of the classes that occur in the gold, 0–1."""
    classes = sorted(set(gold))
    scores = []
    for label in classes:
        right = sum(g == a == label for g, a in zip(gold, answers, strict=True))
        scores.append(2 * right / (gold.count(label) + answers.count(label)) if right else 0.0)
    return sum(scores) / max(len(scores), 1)


def accuracy(gold: Sequence[str], answers: Sequence[str]) -> float:
    """The share of right answers, 0–1."""
    return sum(g == a for g, a in zip(gold, answers, strict=True)) / max(len(gold), 1)


def calibration_error(confidences: Sequence[float], rights: Sequence[int], bins: int = BINS) -> float | None:
    """Expected calibration error, 0–1: how far confidence is from the share that is right; None without answers.

    The answers in the order of their confidence are cut into that many bins of equal size (give or take one); the error
    is the mean over the bins of the distance between mean confidence and share of right ones, weighted by size.
    Method: Nixon et al., "Measuring Calibration in Deep Learning" (CVPR Workshops 2019), who call such bins adaptive.
    """
    total = len(confidences)
    order = sorted(range(total), key=lambda place: confidences[place])
    distance = 0.0
    for number in range(bins):
        chosen = order[number * total // bins : (number + 1) * total // bins]
        distance += abs(sum(confidences[place] - rights[place] for place in chosen))
    return distance / total if total else None
