"""Tells attached prefixes (Arabic و ف ب ل ك, Hebrew ו ב ל מ ה ש כ) from the first letters of a name, without a word list.

The evidence: does the rest also stand alone in the article; does the whole word; which of the two is the commoner word
by the tokenizer's vocabulary; which letter is it; how does the rest begin. A logistic model weighs it, fitted by
training/prefix_model.py on names annotated with and without prefixes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Rarity = Callable[[str], float]
"""How rare a word is: about minus the logarithm of its frequency; 0 for the commonest."""

# "ول", "وب", "ושב": more letters than this in front of a name are not written.
_MOST_LETTERS = 2
_SHORTEST_REST = 2
_LONGEST_TELLING = 6

EVIDENCE = ("bias", "rarer", "rest_stands", "whole_stands", "article", "hamza", "bare_alif", "length")


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prefixes of one language and what was learned about them; without letters nothing is ever split."""

    letters: Mapping[str, float] = field(default_factory=dict)
    """Each letter's own weight."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """The weight of each kind of EVIDENCE."""
    kinds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """How often each letter stands before persons, organisations and places, in relation to each other."""
    rarity: Rarity = lambda word: 0.0

    def split(self, word: str, counts: Mapping[str, int]) -> int:
        """How many letters at the start of a name are prefixes; counts says how often the article has each word."""
        length, rest = 0, word
        while length < _MOST_LETTERS and self._is_prefixed(rest, counts):
            length += 1
            rest = restored(word, length)
        return length

    def stems(self, word: str) -> list[tuple[str, int]]:
        """Whatever a word may be an occurrence of, with the number of letters before it: first the word itself."""
        stems = [(word, 0)]
        while len(stems) <= _MOST_LETTERS and self._may_be_prefixed(stems[-1][0]):
            length = len(stems)
            stems.append((restored(word, length), length))
        return stems

    def evidence(self, word: str, counts: Mapping[str, int]) -> Sequence[float]:
        """The values of EVIDENCE for a word that begins with one of the letters."""
        rest = restored(word, 1)
        return (
            1.0,
            self.rarity(word) - self.rarity(rest),
            math.log1p(self._stands(rest, counts) - counts.get(word, 0)),
            math.log1p(max(self._stands(word, counts) - 1, 0)),
            float(rest.startswith("ال") and len(rest) > 4),
            float(rest[0] in "إأ"),
            float(rest[0] == "ا" and not rest.startswith("ال")),
            float(min(len(rest), _LONGEST_TELLING)),
        )

    def _may_be_prefixed(self, word: str) -> bool:
        return len(word) > _SHORTEST_REST and word[0] in self.letters

    def _is_prefixed(self, word: str, counts: Mapping[str, int]) -> bool:
        if not self._may_be_prefixed(word):
            return False
        evidence = zip(EVIDENCE, self.evidence(word, counts), strict=True)
        return self.letters[word[0]] + sum(self.weights[kind] * value for kind, value in evidence) > 0

    def _stands(self, word: str, counts: Mapping[str, int]) -> int:
        """How often the article has a word, alone or behind a prefix."""
        return counts.get(word, 0) + sum(counts.get(joined(letter, word), 0) for letter in self.letters)


def restored(word: str, length: int) -> str:
    """The word without that many letters in front; the Arabic article, which ل turns into لل, becomes ال again."""
    rest = word[length:]
    if length and word[length - 1] == "ل" and rest.startswith("ل") and len(rest) > _SHORTEST_REST:
        return "ا" + rest
    return rest


def joined(letter: str, word: str) -> str:
    """The word behind a prefix, as it is written."""
    return letter + word[1:] if letter == "ل" and word.startswith("ال") else letter + word
