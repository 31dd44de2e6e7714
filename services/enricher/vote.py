"""Settles an article's names by all their places: what is a name in one place is one in the others too."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from services.enricher.numbers import Floats64
from services.enricher.prefixes import Prefixes
from services.enricher.readings import Index, Name, Place, Reading, name_at
from services.enricher.spans import TYPES, Type, decode
from services.enricher.stage import Floats

_WORDLESS = regex.compile(r"[\p{P}\p{S}]+")
_MAY_END_NAME = frozenset(".+!")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities, calibrated on whole articles; see settings.entities in the manifest."""

    kept: float
    """A name is kept where it was found when it is this likely one on average over the article."""
    spread: float
    """It is one wherever its words stand when it is this likely one on average ..."""
    sure: float
    """... or when its best place is this likely ..."""
    hint: float
    """... and the place itself is at least this."""


@dataclass(frozen=True, slots=True)
class Found:
    """A name in its place."""

    place: Place
    name: Name
    type: Type
    confidence: float


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What all its places together say about a name."""

    places: Sequence[Place]
    kinds: Sequence[Floats64]
    """[5] for each place: probabilities of no name and of each of spans.TYPES."""
    type: Type
    mean: float
    """Probability that it is a name, on average over the article."""
    best: float
    """The same for its best place."""
    of_type: float
    """Probability that it is a name of this type, on average over the article."""


def find_names(readings: Sequence[Reading], prefixes: Prefixes, thresholds: Thresholds) -> list[Found]:
    """The names of an article, without overlaps, in reading order."""
    return _Ballot(readings, prefixes).found(thresholds)


class _Ballot:
    """The places where the encoder read names, and the votes of those places."""

    def __init__(self, readings: Sequence[Reading], prefixes: Prefixes) -> None:
        self._readings = readings
        self._decoded = dict(_decoded(readings, prefixes))
        self._longest = _longest_names(self._decoded)
        self._types: dict[Name, set[Type]] = {}
        for place, kind in self._decoded.items():
            self._types.setdefault(name_at(readings, place), set()).add(kind)
        self._index = Index(readings, prefixes, {name[0] for name in self._types})

    def found(self, limits: Thresholds) -> list[Found]:
        """Longer names first; a word belongs to one name only."""
        taken: set[tuple[int, int]] = set()
        found = []
        for name in sorted(self._types, key=lambda name: (-len(name), name)):
            verdict = self._verdict(name)
            kind = 1 + TYPES.index(verdict.type)
            for place, kinds in zip(verdict.places, verdict.kinds, strict=True):
                words = {(place.reading, word) for word in range(place.first, place.end)}
                if words & taken or not self._is_accepted(place, float(1 - kinds[0]), verdict, limits):
                    continue
                taken |= words
                confidence = (float(kinds[kind]) + verdict.of_type) / 2
                found.append(Found(place, name, verdict.type, confidence))
        return sorted(found, key=lambda found: (found.place.reading, found.place.first))

    def _is_accepted(self, place: Place, likely: float, verdict: _Verdict, limits: Thresholds) -> bool:
        if place in self._decoded and verdict.mean >= limits.kept:
            return True
        return likely >= limits.hint and (verdict.mean >= limits.spread or verdict.best >= limits.sure)

    def _verdict(self, name: Name) -> _Verdict:
        places = self._index.places(name)
        kinds = [place.mean(self._readings[place.reading].kinds) for place in places]
        votes = np.array(self._votes(places, kinds))
        mean = votes.sum(axis=0) / len(votes)
        kind = self._type(name, mean[1:])
        return _Verdict(
            places=places,
            kinds=kinds,
            type=kind,
            mean=float(1 - mean[0]),
            best=float(1 - votes[:, 0].min()),
            of_type=float(mean[1 + TYPES.index(kind)]),
        )

    def _votes(self, places: Sequence[Place], kinds: Sequence[Floats64]) -> Sequence[Floats64]:
        """What each place says; places inside a longer name have no vote unless there are no others."""
        own = [each for place, each in zip(places, kinds, strict=True) if not self._is_inside_longer(place)]
        return own or kinds

    def _type(self, name: Name, mean: Floats64) -> Type:
        """The likeliest of the types that a name was read as somewhere."""
        votes = mean * [kind in self._types[name] for kind in TYPES]
        return TYPES[int(votes.argmax())]

    def _is_inside_longer(self, place: Place) -> bool:
        length = place.end - place.first
        words = range(place.first, place.end)
        return any(self._longest.get((place.reading, word), 0) > length for word in words)


def _decoded(readings: Sequence[Reading], prefixes: Prefixes) -> Iterator[tuple[Place, Type]]:
    """The names that the encoder reads, one place at a time; all places of a word have the same prefix."""
    found = []
    votes: dict[str, list[Floats]] = {}
    for number, reading in enumerate(readings):
        for first, end, kind in decode(reading.labels):
            first, end = _without_punctuation(reading.forms, first, end)
            if first < end:
                found.append((number, first, end, kind))
                votes.setdefault(reading.forms[first], []).append(reading.prefixes[first])
    counts = Counter(form for reading in readings for form in reading.forms)
    for number, first, end, kind in found:
        form = readings[number].forms[first]
        yield Place(number, first, end, prefixes.split(form, votes[form], counts)), kind


def _without_punctuation(forms: Sequence[str], first: int, end: int) -> tuple[int, int]:
    """The stretch of words without marks at its ends; only a last full stop is left (U.S.)."""
    while first < end and _WORDLESS.fullmatch(forms[first]):
        first += 1
    while first < end and _WORDLESS.fullmatch(forms[end - 1]) and forms[end - 1] not in _MAY_END_NAME:
        end -= 1
    return first, end


def _longest_names(places: Iterable[Place]) -> Mapping[tuple[int, int], int]:
    """For every word of a name that was read: how many words that name has."""
    return {(place.reading, word): place.end - place.first for place in places for word in range(place.first, place.end)}
