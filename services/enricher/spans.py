"""From the encoder's label probabilities to spans of names: words, decoding, exact edges."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import regex

from services.enricher.numbers import LABELS as SENTIMENTS
from services.enricher.stage import Floats, Window

Type = Literal["PER", "ORG", "LOC", "MISC"]
TYPES: tuple[Type, ...] = ("PER", "ORG", "LOC", "MISC")

# The encoder's labels in the order of its outputs.
LABELS = ("O", *(f"{edge}-{kind}" for kind in TYPES for edge in "BI"))

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
    tokens = [(int(start), int(end)) for window in windows for start, end in window.offsets]
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
    place = 0
    for word in _WORD.finditer(text):
        start, end = word.span()
        while place < len(tokens) and tokens[place][1] <= start:
            place += 1
        if not word["piecewise"]:
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
    """The likeliest sequence of labels in which no I follows anything but its own kind: (first, end, type) in words."""
    if not len(labels):
        return []
    scores = np.log(np.maximum(labels, 1e-9))
    allowed = _allowed()
    best = scores[0] + allowed[0]
    back: list[npt.NDArray[np.intp]] = []
    for row in scores[1:]:
        paths = best[:, None] + allowed
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    path = [int(best.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return list(_spans(path[::-1]))


@cache
def _allowed() -> Floats:
    """[from, to]: 0 where a label may follow another, else minus infinity; row 0 also says what may begin."""
    table = np.zeros((len(LABELS), len(LABELS)), np.float32)
    for inside in range(2, len(LABELS), 2):
        table[:, inside] = -np.inf
        table[[inside - 1, inside], inside] = 0.0
    return table


def _spans(labels: Sequence[int]) -> Iterator[tuple[int, int, Type]]:
    start: int | None = None
    for place, label in enumerate([*labels, 0]):
        if start is not None and (label == 0 or label % 2 == 1):
            yield start, place, TYPES[(labels[start] - 1) // 2]
            start = None
        if start is None and label:
            start = place
