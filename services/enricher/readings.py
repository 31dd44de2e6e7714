"""What the encoder says about an article's words, and where in the article a name occurs."""

import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from services.enricher.numbers import Floats64
from services.enricher.prefixes import Prefixes, restored
from services.enricher.spans import read_words
from services.enricher.stage import Encoding, Floats

Name = tuple[str, ...]
"""A name's words in comparable form, without attached prefixes."""

# Vowel signs, which most Arabic text leaves out, and the stroke that only stretches a word.
_OFTEN_LEFT_OUT = dict.fromkeys([*range(0x064B, 0x0653), 0x0670, 0x0640])


@dataclass(frozen=True, slots=True)
class Reading:
    """One field of an article, word by word."""

    field: str
    text: str
    edges: Sequence[tuple[int, int]]
    """Start and end of each word in code points."""
    forms: Sequence[str]
    """Each word as it is compared."""
    labels: Floats
    """[words, labels]: probabilities as the encoder labels them."""
    kinds: Floats64
    """[words + 1, 5]: what the probabilities of no name and of each of spans.TYPES add up to before each word."""
    prefixes: Floats
    """[words, 4]: probabilities of so many letters of prefix."""
    stances: Floats64
    """[words + 1, 3]: what the logits add up to before each word."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name stands: the reading's number, the first word, the word after the last, letters of prefix."""

    reading: int
    first: int
    end: int
    prefix: int = 0

    def mean(self, sums: Floats64) -> Floats64:
        """What a reading's sums say of its words on average."""
        mean: Floats64 = (sums[self.end] - sums[self.first]) / (self.end - self.first)
        return mean


def read(field: str, text: str, encoding: Encoding) -> Reading:
    """The words of a field."""
    words = read_words(text, [window for window in encoding.windows if window.field == field])
    forms = tuple(comparable(text[start:end]) for start, end in words.edges)
    kinds = np.concatenate([words.labels[:, :1], words.labels[:, 1::2] + words.labels[:, 2::2]], axis=1)
    return Reading(field, text, words.edges, forms, words.labels, _sums(kinds), words.prefixes, _sums(words.stances))


def _sums(rows: Floats) -> Floats64:
    """[rows + 1, columns]: the sum of all rows before each, so that a mean over some words is one subtraction."""
    sums = np.zeros((len(rows) + 1, rows.shape[1]))
    np.cumsum(rows, axis=0, dtype=np.float64, out=sums[1:])
    return sums


@lru_cache(maxsize=50_000)
def comparable(name: str) -> str:
    """The form in which two spellings of a name are equal: NFKC, without case and without signs that are often left out."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_OFTEN_LEFT_OUT)


def name_at(readings: Sequence[Reading], place: Place) -> Name:
    """The name that stands there."""
    forms = readings[place.reading].forms
    return (restored(forms[place.first], place.prefix), *forms[place.first + 1 : place.end])


class Index:
    """Finds the places of names in an article, also behind attached prefixes; of names that begin with one of some words."""

    def __init__(self, readings: Sequence[Reading], prefixes: Prefixes, firsts: Container[str]) -> None:
        self._readings = readings
        self._by_first: dict[str, list[tuple[int, int, int]]] = {}
        for number, reading in enumerate(readings):
            for word, form in enumerate(reading.forms):
                if form[:1] not in prefixes.letters:
                    if form in firsts:
                        self._by_first.setdefault(form, []).append((number, word, 0))
                    continue
                for stem, prefix in prefixes.stems(form):
                    if stem in firsts:
                        self._by_first.setdefault(stem, []).append((number, word, prefix))

    def places(self, name: Name) -> list[Place]:
        """Where these words stand side by side, in reading order."""
        candidates = (Place(number, word, word + len(name), prefix) for number, word, prefix in self._by_first.get(name[0], ()))
        return [place for place in candidates if self._continues(place, name)]

    def _continues(self, place: Place, name: Name) -> bool:
        return tuple(self._readings[place.reading].forms[place.first + 1 : place.end]) == name[1:]
