"""Shingles of a text: runs of neighbouring words, or of characters where no blanks part the words (Broder, 1997)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.trends.units import GOLDEN, IDEOGRAPH, LETTER, WORD, Hashes, mixed, units

LENGTHS = {WORD: 2, IDEOGRAPH: 3, LETTER: 6}
"""Units in a shingle, by the kind of its first. On the seeds, 4 changed words in 100 leave a similarity of 0.83 to 0.85.

Weather reports from one template with other places and numbers reach 0.71. With longer shingles agency copy falls below 0.8,
with shorter ones templates rise above it (docs/decisions/0011).
"""

MAX_CODE_POINTS = 100_000
"""A longer text is compared by its beginning, as it is annotated."""

Shingles = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Shingling:
    """The distinct shingles of a text, as sorted 32-bit hashes, and how many words' worth they are."""

    hashes: Shingles
    words: float


def shingles(text: str) -> Shingles:
    """Hashes of the distinct shingles, ascending; the same on every machine and in every version."""
    return shingling(text).hashes


def shingling(text: str) -> Shingling:
    """The shingles with their worth in words: a shingle of characters counts as the share of a word that each adds."""
    found = units(text[:MAX_CODE_POINTS])
    runs = {kind: _runs(found.hashes, found.kinds == kind, length) for kind, length in LENGTHS.items()}
    words = sum(LENGTHS[WORD] / LENGTHS[kind] * hashes.size for kind, hashes in runs.items())
    return Shingling(_distinct(np.concatenate(list(runs.values()))), words)


def _runs(hashes: Hashes, begins: npt.NDArray[np.bool_], length: int) -> Shingles:
    """Distinct hashes of the runs of so many units that begin at the marked ones."""
    starts = np.flatnonzero(begins[: max(hashes.size - length + 1, 0)])
    runs = np.zeros(starts.size, dtype=np.uint64)
    for place in range(length):
        runs = runs * GOLDEN + hashes[starts + place]
    return _distinct((mixed(runs) >> np.uint64(32)).astype(np.uint32))


def _distinct(hashes: Shingles) -> Shingles:
    """Sorted, each once; np.unique takes twice as long."""
    ordered = np.sort(hashes)
    is_first = np.ones(ordered.size, dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]
