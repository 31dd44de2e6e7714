"""Tokenises annotated texts into what the encoder learns from: token numbers with labels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.enricher.spans import words_of
from services.enricher.training.annotated import UNKNOWN, Annotated, Name

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LABELS = ("O", *(f"{edge}-{kind}" for kind in ("PER", "ORG", "LOC", "MISC") for edge in "BI"))

# Longer texts lose their end; a served window has at most 96 tokens, a sentence seldom more than 60.
MAX_TOKENS = 126
_AT_ONCE = 4_000

Numbers = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Example:
    """A tokenised text; the three label rows have one number for each token, UNKNOWN where nothing is to be learnt."""

    of: Annotated
    ids: npt.NDArray[np.uint32]
    entities: Numbers
    """Places in LABELS."""
    prefixes: Numbers
    stances: Numbers


def examples(texts: Iterable[Annotated], tokenizer: "Tokenizer") -> Iterator[Example]:
    """The texts that have at least two tokens, in order."""
    for some in _batches(texts):
        encoded = tokenizer.encode_batch([text.text for text in some], add_special_tokens=False)
        for text, encoding in zip(some, encoded, strict=True):
            ids, offsets = covering(text.text, encoding.ids, encoding.offsets)
            if len(ids) > 1:
                yield _example(text, ids[:MAX_TOKENS], offsets[:MAX_TOKENS])


def _batches(texts: Iterable[Annotated]) -> Iterator[list[Annotated]]:
    batch: list[Annotated] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    yield batch


def covering(text: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]]) -> tuple[list[int], list[tuple[int, int]]]:
    """The tokens that cover more than blanks, with offsets that begin behind blanks, as services/enricher/windows.py has them."""
    kept_ids, kept = [], []
    for token, (start, end) in zip(ids, offsets, strict=True):
        while start < end and text[start].isspace():
            start += 1
        if start < end:
            kept_ids.append(token)
            kept.append((start, end))
    return kept_ids, kept


def _example(text: Annotated, ids: Sequence[int], offsets: Sequence[tuple[int, int]]) -> Example:
    entities, prefixes, stances = (np.full(len(ids), UNKNOWN, np.int8) for _ in range(3))
    if text.names is not None:
        names = iter((*text.names, None))
        name, is_first = next(names), True
        for start, end, token in words_of(text.text, offsets):
            while name is not None and name.end <= start:
                name, is_first = next(names), True
            if name is None or name.start >= end:
                entities[token] = 0
                continue
            entities[token] = _label(name, is_first)
            stances[token] = name.stance
            if is_first:
                prefixes[token] = min(name.prefix, 3)
            is_first = False
    return Example(text, np.array(ids, np.uint32), entities, prefixes, stances)


def _label(name: Name, is_first: bool) -> int:
    return LABELS.index(f"{'B' if is_first else 'I'}-{name.type}")
