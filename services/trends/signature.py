"""What is kept of a text to find its copies by: band hashes of its MinHash, and a bottom-k sketch of its shingles.

The bands find candidates (Indyk, Motwani, STOC 1998; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4), the
sketch then says how alike they are (Broder, "On the resemblance and containment of documents", SEQUENCES 1997).
"""

from dataclasses import dataclass

import numpy as np
from rensa import RMinHash

from services.trends.shingles import Shingles, shingling
from services.trends.units import mixed

METHOD, VERSION = "minhash", "1"
"""As they are published. Signatures of different versions are not compared."""

BANDS, ROWS = 13, 5
"""Copies at a Jaccard similarity of 0.8 share a band with probability 1 − (1 − 0.8^5)^13 = 0.994, texts at 0.3 with 0.03."""

SKETCH_SIZE = 512

LEAST_WORDS = 40
"""Shorter texts have no signature: what paywalls leave is much the same in thousands of articles.

Counted in distinct pairs of words; 60 Chinese or Japanese characters, or 120 Thai letters, are worth as much.
"""

_SEED = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """Band hashes (13 little-endian uint32), and the smallest 512 shingle hashes, ascending (little-endian uint32)."""

    bands: bytes
    sketch: bytes


def signature(text: str) -> Signature | None:
    """The text's signature; None for a text that is too short to compare."""
    found = shingling(text)
    if found.words < LEAST_WORDS:
        return None
    return Signature(_bands(found.hashes), found.hashes[:SKETCH_SIZE].astype("<u4").tobytes())


def similarity(a: bytes, b: bytes) -> float:
    """Jaccard similarity (0–1) of two texts by their sketches: exact when both have fewer than 512 shingles.

    Else it is the share of common ones among the smallest 512 of both together; standard error 0.018 at 0.8.
    """
    one, other = np.frombuffer(a, dtype="<u4"), np.frombuffer(b, dtype="<u4")
    both = np.sort(np.concatenate((one, other)))
    is_repeat = np.zeros(both.size, dtype=bool)
    is_repeat[1:] = both[1:] == both[:-1]
    total = both.size - int(np.count_nonzero(is_repeat))
    if max(one.size, other.size) == SKETCH_SIZE and total > SKETCH_SIZE:
        total = SKETCH_SIZE
        is_repeat = is_repeat[np.cumsum(~is_repeat) <= total]
    return int(np.count_nonzero(is_repeat)) / total if total else 0.0


def _bands(hashes: Shingles) -> bytes:
    ends = np.array((0, hashes.size), dtype=np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(mixed(hashes.astype(np.uint64)), ends, BANDS * ROWS, _SEED)
    minima = np.array(matrix.to_rows()[0], dtype=np.uint64).reshape(BANDS, ROWS)
    folded = np.zeros(BANDS, dtype=np.uint64)
    for row in range(ROWS):
        folded = mixed(folded + minima[:, row])
    return (folded >> np.uint64(32)).astype("<u4").tobytes()
