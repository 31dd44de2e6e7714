"""Prefixes that are written as part of a word (Arabic و ف ب ل ك, Hebrew ו ב ל מ ה ש כ, Amharic የ በ ከ ለ) and are no part of a
name.

Whether a name's first letter is a prefix (بباكو) or its own (باكو) is the encoder's to say, word by word, and the article's:
what also stands there without a letter, or behind another, is a name without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from services.enricher.spans import MOST_PREFIXED
from services.enricher.stage import Floats

_SHORTEST_REST = 2


@dataclass(frozen=True)
class Prefixes:
    """The letters that a language attaches, in the order in which they follow one another: one of each group at most."""

    groups: Sequence[str] = ()

    @cached_property
    def letters(self) -> frozenset[str]:
        """All of them; without letters nothing is ever split."""
        return frozenset("".join(self.groups))

    def split(self, word: str, votes: Sequence[Floats], counts: Mapping[str, int]) -> int:
        """How many letters at the start of a name are prefixes.

        Each of its places votes [4] how probable each number is, counts say how often the article has each word. Every other
        place where the rest stands alone or behind a letter makes it as much likelier as the first.
        """
        stems = self.stems(word)
        if len(stems) == 1:
            return 0
        likely = np.mean(votes, axis=0)
        weights = [likely[length] * (1 + self._elsewhere(stem, word, counts)) for stem, length in stems]
        return stems[int(np.argmax(weights))][1]

    def _elsewhere(self, stem: str, word: str, counts: Mapping[str, int]) -> int:
        """How often the article has a stem, alone or behind one letter, other than as this word."""
        forms = {stem, *(joined(letter, stem) for letter in self.letters)} - {word}
        return sum(counts.get(form, 0) for form in forms)

    def stems(self, word: str) -> list[tuple[str, int]]:
        """Whatever a word may be an occurrence of, with the number of letters before it: first the word itself."""
        if word[:1] not in self.letters:
            return [(word, 0)]
        return [(restored(word, length), length) for length in range(self._longest(word) + 1)]

    def _longest(self, word: str) -> int:
        """How many letters of a word may be prefixes."""
        most = max(min(MOST_PREFIXED, len(word) - _SHORTEST_REST), 0)
        length = 0
        for group in self.groups:
            length += length < most and word[length] in group
        return length


NONE = Prefixes()
PREFIXES: Mapping[str, Prefixes] = MappingProxyType(
    {"am": Prefixes(("የበከለ",)), "ar": Prefixes(("وف", "بلكس")), "he": Prefixes(("ו", "ש", "בלמכ", "ה"))},
)
"""By language (base tag)."""


def restored(word: str, length: int) -> str:
    """The word without that many letters in front; the Arabic article, which ل turns into لل, becomes ال again."""
    rest = word[length:]
    if length and word[length - 1] == "ل" and rest.startswith("ل") and len(rest) > _SHORTEST_REST:
        return "ا" + rest
    return rest


def joined(letter: str, word: str) -> str:
    """The word behind a prefix, as it is written."""
    return letter + word[1:] if letter == "ل" and word.startswith("ال") else letter + word
