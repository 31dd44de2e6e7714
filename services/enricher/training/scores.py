"""How good an answer is: strict spans by precision, recall and F1; classes by macro-F1."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int, str]
"""Start, end, type."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Answers that are right, wrong (not in the gold) and missed (only in the gold); they add up."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

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
    """The spans widened to the words that they touch, in word numbers: corpora label whole words, we leave clitics out."""
    widened = set()
    for start, end, kind in spans:
        touched = [place for place, (first, last) in enumerate(words) if first < end and last > start]
        if touched:
            widened.add((touched[0], touched[-1] + 1, kind))
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
