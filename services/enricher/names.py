"""Gathers the mentions of an article into named things: one name each, a person's short and full name together."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.enricher.numbers import LABELS, Floats64, softmax
from services.enricher.readings import Name, Reading
from services.enricher.spans import Type
from services.enricher.vote import Found


@dataclass(frozen=True, slots=True)
class Spotted:
    """A name in the text of a field: text[start:end] is the surface, without attached prefixes."""

    field: str
    start: int
    end: int
    surface: str
    name: str
    """The surface in NFKC, with the Arabic article as it is written alone."""
    words: Name
    type: Type
    confidence: float
    stance: Floats64 | None = None
    """[3]: probabilities of a negative, neutral, positive stance towards it; None where nothing says so."""


def spotted(readings: Sequence[Reading], found: Sequence[Found]) -> list[Spotted]:
    """Where names that were found stand in their fields."""
    places = [each.place for each in found]
    stances = softmax(np.array([place.mean(readings[place.reading].stances) for place in places]).reshape(-1, len(LABELS)))
    return [_spotted(readings, each, stance) for each, stance in zip(found, stances, strict=True)]


def _spotted(readings: Sequence[Reading], found: Found, stance: Floats64) -> Spotted:
    place = found.place
    reading = readings[place.reading]
    start, end = reading.edges[place.first][0], reading.edges[place.end - 1][1]
    start = _after_letters(reading.text, start, end, place.prefix)
    surface = reading.text[start:end]
    name = " ".join(unicodedata.normalize("NFKC", surface).split())
    if place.prefix and found.name[0].startswith("ال") and name.startswith("ل"):
        name = "ا" + name
    return Spotted(reading.field, start, end, surface, name, found.name, found.type, found.confidence, stance)


def _after_letters(text: str, start: int, end: int, letters: int) -> int:
    """The place in text after that many letters and the signs that belong to them, but before the end."""
    while start < end - 1 and (letters > 0 or unicodedata.category(text[start]) == "Mn"):
        letters -= unicodedata.category(text[start]) != "Mn"
        start += 1
    return start


def grouped(names: Iterable[Spotted]) -> list[list[Spotted]]:
    """The mentions of each named thing, in reading order; the things in the order of their first mention.

    Mentions belong together when type and name are equal but for case. A person's name whose words are part of exactly
    one longer person's name joins it.
    """
    groups: dict[tuple[Type, Name], list[Spotted]] = {}
    for name in names:
        groups.setdefault((name.type, name.words), []).append(name)
    persons = sorted((words for kind, words in groups if kind == "PER"), key=lambda words: (-len(words), words))
    full_names: dict[str, list[Name]] = {}
    for words in persons:
        having_first = full_names.get(words[0], ())
        longer = [name for name in having_first if len(name) > len(words) and set(words) <= set(name)]
        if len(longer) == 1:
            groups["PER", longer[0]] += groups.pop(("PER", words))
        else:
            for word in set(words):
                full_names.setdefault(word, []).append(words)
    order = {"title": 0, "text": 1}
    things = [sorted(group, key=lambda name: (order[name.field], name.start)) for group in groups.values()]
    return sorted(things, key=lambda group: (order[group[0].field], group[0].start))


def name_of(group: Sequence[Spotted]) -> str:
    """The longest name in the group, the first of equals."""
    return max((mention.name for mention in group), key=len)
