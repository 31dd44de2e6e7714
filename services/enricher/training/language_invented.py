"""Languages that don't exist, so that the model learns what "other" looks like: ciphers of sentences and blends of words."""

import random
from collections.abc import Sequence

_VOWELS = "aeiouyаеиоуыэюяіαεηιουω"


class Cipher:
    """A language that doesn't exist: another's sentences with vowels changed for vowels, consonants for consonants."""

    def __init__(self, rng: random.Random, letters: Sequence[str]) -> None:
        vowels = [letter for letter in letters if letter in _VOWELS]
        consonants = [letter for letter in letters if letter not in _VOWELS]
        changed = (*rng.sample(vowels, len(vowels)), *rng.sample(consonants, len(consonants)))
        self._table = str.maketrans(dict(zip((*vowels, *consonants), changed, strict=True)))

    def __call__(self, text: str) -> str:
        return text.lower().translate(self._table)


def blend(rng: random.Random, vocabularies: Sequence[Sequence[str]]) -> str:
    """A line in a language that doesn't exist: words, or words of two halves, out of several vocabularies."""
    joins = rng.random() < 0.5
    return " ".join(_blended(rng, vocabularies, joins) for _ in range(rng.randint(3, 25)))


def _blended(rng: random.Random, vocabularies: Sequence[Sequence[str]], joins: bool) -> str:
    word, other = (rng.choice(rng.choice(vocabularies)) for _ in range(2))
    return word[: (len(word) + 1) // 2] + other[len(other) // 2 :] if joins else word
