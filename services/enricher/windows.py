"""Packs the sentences of a field into windows for the encoder: whole sentences, no overlap; only a long one is cut."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.enricher.sentences import sentences

Tokens = tuple[Sequence[int], Sequence[tuple[int, int]]]
Tokenize = Callable[[str], Tokens]
"""A text's token numbers, without special tokens, and each token's (start, end) in code points."""

# A sentence longer than a window is cut into windows that share a quarter, so that every token has some context.
_OVERLAP = 0.25


@dataclass(frozen=True, slots=True)
class Span:
    """A window to be encoded: its tokens, and which of them it answers for (the rest is context only)."""

    field: str
    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int32]
    """[tokens, 2]: code points into the field."""
    first: int
    end: int


def windows(field: str, text: str, tokenize: Tokenize, max_tokens: int) -> Iterator[Span]:
    """The windows of a field in reading order; every token is answered for by exactly one of them.

    max_tokens counts what the tokenizer returns, without the encoder's special tokens.
    """
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    for start, end in sentences(text):
        new_ids, new_offsets = _tokens(text, start, end, tokenize)
        if ids and len(ids) + len(new_ids) > max_tokens:
            yield _whole(field, ids, offsets)
            ids, offsets = [], []
        if len(new_ids) > max_tokens:
            yield from _cut(field, text, new_ids, new_offsets, max_tokens)
        else:
            ids, offsets = ids + new_ids, offsets + new_offsets
    if ids:
        yield _whole(field, ids, offsets)


def _tokens(text: str, start: int, end: int, tokenize: Tokenize) -> tuple[list[int], list[tuple[int, int]]]:
    """A sentence's tokens that cover something, with offsets into the whole text and without blanks at their start."""
    ids, offsets = [], []
    for token, (first, last) in zip(*tokenize(text[start:end]), strict=True):
        while first < last and text[start + first].isspace():
            first += 1
        if first < last:
            ids.append(token)
            offsets.append((start + first, start + last))
    return ids, offsets


def _whole(field: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]]) -> Span:
    return _span(field, ids, offsets, 0, len(ids))


def _cut(field: str, text: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]], max_tokens: int) -> Iterator[Span]:
    """Windows over one long sentence; each shares tokens with its neighbours and answers up to the middle of those."""
    shared = int(max_tokens * _OVERLAP)
    begin, answered = 0, 0
    while begin + max_tokens < len(ids):
        end = begin + max_tokens
        answers_to = _word_edge(text, offsets, end - shared // 2, end - shared)
        yield _span(field, ids[begin:end], offsets[begin:end], answered - begin, answers_to - begin)
        answered = answers_to
        begin = _word_edge(text, offsets, end - shared, begin + 1)
    yield _span(field, ids[begin:], offsets[begin:], answered - begin, len(ids) - begin)


def _word_edge(text: str, offsets: Sequence[tuple[int, int]], token: int, lowest: int) -> int:
    """The nearest token at or before this one that begins a word; the token itself when there is none."""
    for candidate in range(token, max(lowest, 1) - 1, -1):
        if text[offsets[candidate][0] - 1].isspace():
            return candidate
    return token


def _span(field: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]], first: int, end: int) -> Span:
    return Span(field, np.array(ids, np.int32), np.array(offsets, np.int32).reshape(-1, 2), first, end)
