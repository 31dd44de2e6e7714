"""From the encoder's label probabilities to spans of names: words, decoding, exact edges."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import regex

from services.enricher.numbers import LABELS as SENTIMENTS
from services.enricher.stage import Floats, Window

Type = Literal["PER", "ORG", "LOC", "MISC"]
TYPES: tuple[Type, ...] = ("PER", "ORG", "LOC", "MISC")

# The encoder's labels in the order of its outputs.
LABELS = ("O", *(f"{edge}-{kind}" for kind in TYPES for edge in "BI"))

# Where no name is this likely, the words on both sides are settled apart.
_SURELY_NONE = 0.95

# The most letters of attached prefix that the encoder tells.
MOST_PREFIXED = 3

# Words of these scripts touch each other, or their endings: the encoder labels every piece of them.
_PIECEWISE = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_WORD = regex.compile(
    rf"(?P<piecewise>[{_PIECEWISE}\p{{M}}]+)"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}]--[{_PIECEWISE}]][[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d]--[{_PIECEWISE}]]*"
    rf"|\S",
    regex.V1,
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a field; every row of numbers is that of a word's first piece."""

    edges: Sequence[tuple[int, int]]
    """Start and end of each word in code points."""
    labels: Floats
    """[words, labels]: probabilities."""
    prefixes: Floats
    """[words, 4]: probabilities."""
    stances: Floats
    """[words, 3]: logits."""


def read_words(text: str, windows: Sequence[Window]) -> Words:
    """The words of a field that its windows cover.

    In scripts without blanks the encoder's pieces stand for words. A word has the numbers of its first piece: the encoder
    was trained on those.
    """
    tokens = [edges for window in windows for edges in window.offsets.tolist()]
    found = list(words_of(text, tokens))
    first = [token for _, _, token in found]

    def rows(of: Callable[[Window], Floats], columns: int) -> Floats:
        stacked = np.concatenate([np.zeros((0, columns), np.float32), *(of(window) for window in windows)])
        chosen: Floats = stacked[first]
        return chosen

    return Words(
        edges=[(start, end) for start, end, _ in found],
        labels=rows(lambda window: window.entities, len(LABELS)),
        prefixes=rows(lambda window: window.prefixes, MOST_PREFIXED + 1),
        stances=rows(lambda window: window.stances, len(SENTIMENTS)),
    )


def words_of(text: str, tokens: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """The words of a text that its tokens, in order, cover: start, end (code points), number of the word's first token."""
    words = [(*word.span(), word.lastgroup) for word in _WORD.finditer(text)]
    places = np.searchsorted([end for _, end in tokens], [start for start, _, _ in words], side="right").tolist()
    for (start, end, piecewise), place in zip(words, places, strict=True):
        if piecewise is None:
            if place < len(tokens) and tokens[place][0] < end:
                yield start, end, place
            continue
        while place < len(tokens) and tokens[place][0] < end:
            if place + 1 == len(tokens) or tokens[place + 1][0] > tokens[place][0]:  # else it only marks where a piece begins
                yield max(tokens[place][0], start), min(tokens[place][1], end), place
            if tokens[place][1] > end:
                break  # the next word begins in this piece
            place += 1


def decode(labels: Floats) -> list[tuple[int, int, Type]]:
    """The likeliest sequence of labels in which no I follows anything but its own kind: (first, end, type) in words.

    A word that is surely no name parts what stands on its two sides.
    """
    path = labels.argmax(axis=1)
    maybe = np.flatnonzero(labels[:, 0] < _SURELY_NONE)
    for stretch in np.split(maybe, np.flatnonzero(np.diff(maybe) > 1) + 1) if len(maybe) else ():
        own = path[stretch]
        if not _is_allowed(own.tolist()):
            path[stretch] = _likeliest(np.log(np.maximum(labels[stretch], 1e-9)).tolist())
    return list(_spans(path.tolist()))


def _is_allowed(labels: Sequence[int]) -> bool:
    return all(label == 0 or label % 2 or before in (label, label - 1) for before, label in pairwise((0, *labels)))


def _likeliest(scores: Sequence[Sequence[float]]) -> list[int]:
    """Viterbi (1967) over rows of log probabilities: an I comes from its B or itself, anything else from the best."""
    best = [-math.inf if _is_inside(label) else score for label, score in enumerate(scores[0])]
    back: list[list[int]] = []
    for row in scores[1:]:
        top = max(range(len(best)), key=best.__getitem__)
        sources = [
            (label if best[label] > best[label - 1] else label - 1) if _is_inside(label) else top for label in range(len(row))
        ]
        best = [best[source] + score for source, score in zip(sources, row, strict=True)]
        back.append(sources)
    path = [max(range(len(best)), key=best.__getitem__)]
    for sources in reversed(back):
        path.append(sources[path[-1]])
    return path[::-1]


def _is_inside(label: int) -> bool:
    return label > 0 and label % 2 == 0


def _spans(labels: Sequence[int]) -> Iterator[tuple[int, int, Type]]:
    start: int | None = None
    for place, label in enumerate([*labels, 0]):
        if start is not None and (label == 0 or label % 2 == 1):
            yield start, place, TYPES[(labels[start] - 1) // 2]
            start = None
        if start is None and label:
            start = place
