"""From the encoder's label probabilities to spans of names: words, decoding, exact edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import regex

from services.enricher.stage import Floats, Window

Type = Literal["PER", "ORG", "LOC"]
TYPES: tuple[Type, ...] = ("PER", "ORG", "LOC")

# The encoder's labels in the order of its outputs.
LABELS = ("O", *(f"{edge}-{kind}" for kind in TYPES for edge in "BI"))

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
    """A field's words with their label probabilities; in scripts without blanks the encoder's pieces stand for words."""

    edges: Sequence[tuple[int, int]]
    """Start and end in code points."""
    probabilities: Floats
    """[words, labels]."""


def read_words(text: str, windows: Sequence[Window]) -> Words:
    """The words of a field that its windows cover."""
    tokens = [(int(start), int(end)) for window in windows for start, end in window.offsets]
    rows = [row for window in windows for row in window.entities]
    edges, probabilities, place = [], [], 0
    for start, end in _units(text, tokens):
        while place < len(tokens) and tokens[place][1] <= start:
            place += 1
        if place < len(tokens) and tokens[place][0] < end:
            edges.append((start, end))
            probabilities.append(_word_row(rows, tokens, place, end))
    return Words(edges, np.array(probabilities, np.float32).reshape(-1, len(LABELS)))


def _units(text: str, tokens: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    place = 0
    for word in _WORD.finditer(text):
        if not word["piecewise"]:
            yield word.span()
            continue
        while place < len(tokens) and tokens[place][1] <= word.start():
            place += 1
        while place < len(tokens) and tokens[place][0] < word.end():
            start, end = max(tokens[place][0], word.start()), min(tokens[place][1], word.end())
            yield start, end
            place += 1


MODE = "first"


def _word_row(rows: Sequence[Floats], tokens: Sequence[tuple[int, int]], place: int, end: int) -> Floats:
    sel = [rows[place]]
    while place + 1 < len(tokens) and tokens[place + 1][0] < end:
        place += 1
        sel.append(rows[place])
    if MODE == "first" or len(sel) == 1:
        return sel[0]
    first = sel[0]
    rest = np.mean(sel[1:], axis=0)
    # continuation pieces say what kind, not where it begins
    out = first.copy()
    w = {"mean": len(sel[1:]) / len(sel), "half": 0.5, "third": 0.33, "quarter": 0.25}[MODE]
    kinds_f = np.array([first[1] + first[2], first[3] + first[4], first[5] + first[6]])
    kinds_r = np.array([rest[1] + rest[2], rest[3] + rest[4], rest[5] + rest[6]])
    mixed = (1 - w) * kinds_f + w * kinds_r
    out[0] = (1 - w) * first[0] + w * rest[0]
    for k in range(3):
        b = first[1 + 2 * k] / max(kinds_f[k], 1e-9)
        out[1 + 2 * k] = mixed[k] * b
        out[2 + 2 * k] = mixed[k] * (1 - b)
    return out


def decode(probabilities: Floats) -> list[tuple[int, int, Type]]:
    """The likeliest sequence of labels in which no I follows anything but its own kind: (first, end, type) in words."""
    if not len(probabilities):
        return []
    scores = np.log(np.maximum(probabilities, 1e-9))
    allowed = _allowed()
    best = scores[0] + allowed[0]
    back: list[npt.NDArray[np.intp]] = []
    for row in scores[1:]:
        paths = best[:, None] + allowed
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    labels = [int(best.argmax())]
    for step in reversed(back):
        labels.append(int(step[labels[-1]]))
    return list(_spans(labels[::-1]))


@cache
def _allowed() -> Floats:
    """[from, to]: 0 where a label may follow another, else minus infinity; row 0 also says what may begin."""
    table = np.zeros((len(LABELS), len(LABELS)), np.float32)
    for inside, (before, label) in ((i, pair) for i, pair in enumerate(zip(LABELS[1:], LABELS[2:], strict=False), 2)):
        if label.startswith("I-"):
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
