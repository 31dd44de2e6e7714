"""Settles an article's names by all their places: what is a name in one place is one in the others too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from services.enricher.prefixes import Prefixes
from services.enricher.readings import Index, Name, Place, Reading, name_at, word_counts
from services.enricher.spans import TYPES, Type, decode
from services.enricher.stage import Floats

_WORDLESS = regex.compile(r"[\p{P}\p{S}]+")
_MAY_END_NAME = frozenset(".+!")
_PERSON, _PLACE = TYPES.index("PER"), TYPES.index("LOC")


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
    neighbour: float
    """A word that stands nowhere but beside a name belongs to it when it is this likely part of such a name."""
    lone_person: float
    """How much a person counts against a place when one word is read as both and no longer name explains it: news
    says a person's full name first."""


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
    type: Type
    mean: float
    """Probability that it is a name, on average over the article."""
    best: float
    """The same for its best place."""


def find_names(readings: Sequence[Reading], prefixes: Prefixes, thresholds: Thresholds) -> list[Found]:
    """The names of an article, without overlaps, in reading order."""
    return _Ballot(readings, prefixes).found(thresholds)


def person_or_place(readings: Sequence[Reading], prefixes: Prefixes) -> Iterator[tuple[Sequence[Place], float, float]]:
    """The lone words of an article that the encoder reads both as person and as place, with the votes for each."""
    return _Ballot(readings, prefixes).person_or_place()


class _Ballot:
    """The places where the encoder read names, and the votes of those places."""

    def __init__(self, readings: Sequence[Reading], prefixes: Prefixes) -> None:
        self._readings, self._prefixes = readings, prefixes
        self._index = Index(readings, prefixes)
        self._decoded = dict(_decoded(readings, prefixes))
        self._longest = _longest_names(self._decoded)
        self._types: dict[Name, set[Type]] = {}
        for place, kind in self._decoded.items():
            self._types.setdefault(name_at(readings, place), set()).add(kind)
        full_names = [name for name, types in self._types.items() if len(name) > 1 and types == {"PER"}]
        self._person_words = {word for name in full_names for word in name}

    def found(self, limits: Thresholds) -> list[Found]:
        """Longer names first; a word belongs to one name only."""
        names = {*self._types, *self._with_neighbours(limits)}
        taken: set[tuple[int, int]] = set()
        found = []
        for name in sorted(names, key=lambda name: (-len(name), name)):
            verdict = self._verdict(name, limits)
            for place in verdict.places:
                words = {(place.reading, word) for word in range(place.first, place.end)}
                likely = float(1 - self._kinds(place)[0])
                if words & taken or not self._is_accepted(place, likely, verdict, limits):
                    continue
                taken |= words
                found.append(Found(place, name, verdict.type, (likely + verdict.mean) / 2))
        return sorted(found, key=lambda found: (found.place.reading, found.place.first))

    def person_or_place(self) -> Iterator[tuple[Sequence[Place], float, float]]:
        """The lone words that were read both as person and as place, with the votes for each."""
        for name, types in sorted(self._types.items()):
            if self._is_lone(name) and types >= {"PER", "LOC"}:
                mean = self._votes(name).mean(axis=0)
                yield self._index.places(name), float(mean[1 + _PERSON]), float(mean[1 + _PLACE])

    def _is_accepted(self, place: Place, likely: float, verdict: _Verdict, limits: Thresholds) -> bool:
        if place in self._decoded and verdict.mean >= limits.kept:
            return True
        return likely >= limits.hint and (verdict.mean >= limits.spread or verdict.best >= limits.sure)

    def _verdict(self, name: Name, limits: Thresholds) -> _Verdict:
        votes = self._votes(name)
        mean = votes.mean(axis=0)
        return _Verdict(
            places=self._index.places(name),
            type=self._type(name, mean[1:], limits),
            mean=float(1 - mean[0]),
            best=float(1 - votes[:, 0].min()),
        )

    def _votes(self, name: Name) -> Floats:
        """[places, 4]: what each place says; places inside a longer name have no vote unless there are no others."""
        places = self._index.places(name)
        own = [place for place in places if not self._is_inside_longer(place)] or places
        return np.array([self._kinds(place) for place in own])

    def _type(self, name: Name, mean: Floats, limits: Thresholds) -> Type:
        """The likeliest of the types that a name was read as somewhere."""
        types = self._types.get(name, set(TYPES))
        votes = mean * [kind in types for kind in TYPES]
        if self._is_lone(name) and votes[_PLACE] >= limits.lone_person * votes[_PERSON]:
            votes[_PERSON] = 0.0
        return TYPES[int(votes.argmax())]

    def _is_lone(self, name: Name) -> bool:
        """Whether a name is one word and no longer name of a person explains it."""
        return len(name) == 1 and name[0] not in self._person_words

    def _kinds(self, place: Place) -> Floats:
        """[4]: the mean over the place's words; an attached prefix says what kind of name it likes to precede."""
        reading = self._readings[place.reading]
        kinds: Floats = reading.kinds[place.first : place.end].mean(axis=0)
        letter = reading.forms[place.first][place.prefix - 1] if place.prefix else ""
        if letter in self._prefixes.kinds:
            weighted = kinds[1:] * np.array(self._prefixes.kinds[letter], np.float32)
            kinds = np.concatenate([kinds[:1], weighted * (kinds[1:].sum() / weighted.sum())])
        return kinds

    def _is_inside_longer(self, place: Place) -> bool:
        length = place.end - place.first
        words = range(place.first, place.end)
        return any(self._longest.get((place.reading, word), 0) > length for word in words)

    def _with_neighbours(self, limits: Thresholds) -> Iterator[Name]:
        """The names made longer by a word that stands beside all their places and nowhere else in the article."""
        for name in self._types:
            places = self._index.places(name)
            if len(places) < 2:
                continue
            for before in (True, False):
                words = [(place.reading, place.first - 1 if before else place.end) for place in places]
                form = self._only_form(words)
                if form is None or (before and any(place.prefix for place in places)):
                    continue
                kind = 1 + int(np.mean([self._kinds(place)[1:] for place in places], axis=0).argmax())
                likely = np.mean([self._readings[number].kinds[word, kind] for number, word in words])
                if likely >= limits.neighbour and len(self._index.places((form,))) == len(places):
                    yield (form, *name) if before else (*name, form)

    def _only_form(self, words: Sequence[tuple[int, int]]) -> str | None:
        """The form that all these words have; None when they differ, are outside the text or no words."""
        forms = {
            self._readings[number].forms[word] if 0 <= word < len(self._readings[number].forms) else "" for number, word in words
        }
        form = forms.pop()
        return None if forms or not form or _WORDLESS.fullmatch(form) else form


def _decoded(readings: Sequence[Reading], prefixes: Prefixes) -> Iterator[tuple[Place, Type]]:
    """The names that the encoder reads, one place at a time."""
    counts = word_counts(readings)
    for number, reading in enumerate(readings):
        for first, end, kind in decode(reading.labels):
            first, end = _without_punctuation(reading.forms, first, end)
            if first < end:
                yield Place(number, first, end, prefixes.split(reading.forms[first], counts)), kind


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
