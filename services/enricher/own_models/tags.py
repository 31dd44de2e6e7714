"""From a token classifier's labels to spans of names: plain types, IOB1, IOB2, IOBES and BILOU, in one way."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import get_args

import numpy as np

from schemas.enriched_article import EntityType
from services.enricher.errors import AssetCorrupt
from services.enricher.numbers import Floats64
from services.enricher.own_models.folder import CONFIG, ModelFolder
from services.enricher.own_models.labels import meanings
from services.enricher.stage import Floats

KINDS: tuple[EntityType, ...] = get_args(EntityType)
OUTSIDE = "O"

# What models call our types, in CoNLL, OntoNotes, WNUT, MasakhaNER and KLUE. What is no name here is outside: numbers, times, and
# adjectives of nationality.
_CALLED = """
PER   PER PERS PERSON PS
ORG   ORG ORGANIZATION ORGANISATION CORP CORPORATION GROUP OG
LOC   LOC LOCATION GPE FAC FACILITY LC
MISC  MISC EVENT WORK_OF_ART CREATIVE_WORK PRODUCT LAW
O     O DATE TIME MONEY PERCENT QUANTITY ORDINAL CARDINAL LANGUAGE NORP DT TI QT
"""
DEFAULT_TYPES: Mapping[str, str] = MappingProxyType(
    {name: kind for kind, *names in map(str.split, _CALLED.strip().splitlines()) for name in names}
)
_LABEL = re.compile(r"(?:(?P<edge>[BIESLU])[-_])?(?P<type>.+)", re.DOTALL)
_FIRST = frozenset("BSU")


@dataclass(frozen=True, slots=True)
class Tag:
    """What a label says of a word."""

    kind: EntityType | None
    """None outside of names."""
    begins: bool = False
    """Whether it says that a name begins here."""


def read_tags(folder: ModelFolder) -> list[Tag]:
    """Each label as a tag, in order.

    Raises:
        AssetCorrupt: a label means nothing here, or none is outside of names or none in them.
    """
    tags = meanings(folder, _tag, "PER, ORG, LOC, MISC, or O for what is no name", names=_names)
    kinds = {tag.kind for tag in tags}
    if None not in kinds or len(kinds) == 1:
        labels = ", ".join(folder.labels)
        raise AssetCorrupt(f"{folder.file(CONFIG)}: a model of names needs a label O and one of a type; it has {labels}")
    return tags


def _split(label: str) -> tuple[str, str]:
    found = _LABEL.fullmatch(label)
    return (found["edge"] or "", found["type"]) if found else ("", label)


def _names(label: str) -> Sequence[str]:
    return (label, _split(label)[1])


def _tag(label: str, told: str | None) -> Tag | None:
    edge, kind = _split(label)
    if told is not None:
        told_edge, kind = _split(told)
        edge = told_edge or edge
    known = DEFAULT_TYPES.get(re.sub(r"[- ]", "_", kind).upper())
    if known is None or known == OUTSIDE:
        return None if known is None else Tag(None)
    return Tag(next(one for one in KINDS if one == known), edge in _FIRST)


class Edge(Enum):
    """What may stand between a word and the one before it."""

    OPEN = "the labels decide"
    END = "no name goes on here"
    INNER = "no name of the same type begins here"


def spans(edges: Sequence[Edge], labels: Floats64, tags: Sequence[Tag]) -> Iterator[tuple[int, int, EntityType, float]]:
    """The names in a run of words: first word, word after the last, type, mean probability of the type.

    labels is [words, labels]: probabilities; edges has one for each word. Each word has the likeliest of no name and the
    types, whose labels count together. A name ends where the type changes, and at an open edge where a first word is
    likelier than an inner one.
    """
    kinds, begins = _sums(tags)
    shares = labels @ kinds
    likeliest = shares.argmax(axis=1)
    is_first = (labels @ begins) * 2 > shares
    start = 0
    for place in range(1, len(labels) + 1):
        kind = int(likeliest[start])
        if place < len(labels) and likeliest[place] == kind and _goes_on(edges[place], bool(is_first[place, kind])):
            continue
        if kind:
            yield start, place, KINDS[kind - 1], float(shares[start:place, kind].mean())
        start = place


def _goes_on(edge: Edge, is_first: bool) -> bool:
    return edge is Edge.INNER or (edge is Edge.OPEN and not is_first)


def _sums(tags: Sequence[Tag]) -> tuple[Floats, Floats]:
    """[labels, 1 + types]: which labels add up to no name and to each type; and which of them begin a name."""
    kinds = np.zeros((len(tags), 1 + len(KINDS)), np.float32)
    begins = np.zeros_like(kinds)
    for label, tag in enumerate(tags):
        column = 0 if tag.kind is None else 1 + KINDS.index(tag.kind)
        kinds[label, column] = 1
        begins[label, column] = tag.begins
    return kinds, begins
