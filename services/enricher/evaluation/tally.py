"""Adds up what was right and wrong, row by row, in little memory; tallies add up too."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.enricher.evaluation.rows import Answer
from services.enricher.evaluation.scores import Counts, calibration_error, count


@dataclass(frozen=True, slots=True)
class Judgement:
    """A row's gold beside the answers."""

    gold: frozenset[Answer]
    answers: Mapping[Answer, float]
    """Each with its confidence, 0–1."""
    withheld: str = ""
    """Why there is no answer at all, when the stage gives none: its status, or "und"."""
    reachable: int | None = None
    """How many of the gold spans the tokenizer's pieces can make; None where it isn't asked."""
    language: str | None = None
    """The language that was found, when it was looked for."""


@dataclass(slots=True)
class Tally:
    """The sums."""

    rows: int = 0
    counts: dict[str, Counts] = field(default_factory=dict)
    """By class or type."""
    withheld: dict[str, int] = field(default_factory=dict)
    reachable: int = 0
    reachable_of: int = 0
    right_language: int = 0
    _confidences: "array[float]" = field(default_factory=lambda: array("f"))
    _rights: bytearray = field(default_factory=bytearray)

    def add(self, judgement: Judgement, language: str) -> None:
        """Takes a row of a language into account."""
        self.rows += 1
        gold, answers = judgement.gold, judgement.answers
        for name in {answer[-1] for answer in (*gold, *answers)}:
            self._count(name, count([a for a in answers if a[-1] == name], [a for a in gold if a[-1] == name]))
        for answer, confidence in answers.items():
            self._confidences.append(confidence)
            self._rights.append(answer in gold)
        if judgement.withheld:
            self.withheld[judgement.withheld] = self.withheld.get(judgement.withheld, 0) + 1
        if judgement.reachable is not None:
            self.reachable += judgement.reachable
            self.reachable_of += len(gold)
        self.right_language += judgement.language == language

    def join(self, other: "Tally") -> None:
        """Takes another tally into account."""
        self.rows += other.rows
        for name, counts in other.counts.items():
            self._count(name, counts)
        for status, times in other.withheld.items():
            self.withheld[status] = self.withheld.get(status, 0) + times
        self.reachable += other.reachable
        self.reachable_of += other.reachable_of
        self.right_language += other.right_language
        self._confidences += other._confidences
        self._rights += other._rights

    def _count(self, name: str, counts: Counts) -> None:
        self.counts[name] = self.counts.get(name, Counts()) + counts

    def total(self, names: Iterable[str] | None = None) -> Counts:
        """The counts of these classes, or all, together."""
        chosen = self.counts if names is None else names
        return sum((self.counts.get(name, Counts()) for name in chosen), Counts())

    @property
    def classes(self) -> list[str]:
        """The classes that occur in the gold."""
        return sorted(name for name, counts in self.counts.items() if counts.gold)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that occur in the gold, 0–1."""
        return sum(self.counts[name].f1 for name in self.classes) / max(len(self.classes), 1)

    @property
    def ece(self) -> float | None:
        """Expected calibration error of the answers, 0–1; None without answers."""
        return calibration_error(self._confidences, self._rights)


def joined_tally(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    total = Tally()
    for tally in tallies:
        total.join(tally)
    return total
