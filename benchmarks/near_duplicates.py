"""What finding near-duplicates costs and how well it finds them: `python -m benchmarks.near_duplicates`.

The texts are generated: words (or characters, where no blanks part the words) of made-up vocabularies, drawn as often as in
natural text. Copies are edited until a given share of their shingles is left, counted here with plain sets of strings.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.machine import print_machine
from services.trends.lsh import BandIndex
from services.trends.shingles import LENGTHS
from services.trends.signature import BANDS, Signature, signature, similarity
from services.trends.units import IDEOGRAPH, LETTER, WORD

THRESHOLD = 0.8
LEAST_PRECISION = LEAST_RECALL = 0.95
MOST_BYTES = 150
"""An original in the index."""

MOST_MS = 1.0
"""For the signature of an article of 500 words, and for a lookup among all originals."""

_EDGES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 1.0)
_WINDOW_S = 72 * 60 * 60
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Script:
    """How a script's texts are made: letters of words, or characters that stand alone; the kind of its units."""

    letters: str
    kind: int = WORD


SCRIPTS = {
    "Latn": Script("abcdefghijklmnopqrstuvwxyzäéíñøšçğ"),
    "Arab": Script("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"),
    "Deva": Script("कखगघचछजझटठडतथदधनपफबभमयरलवशसह" + "ािीुेो" * 4),
    "Cyrl": Script("абвгдежзийклмнопрстуфхцчшщыьэюя"),
    "Hans": Script("".join(map(chr, range(0x4E00, 0x4E00 + 3_000))), IDEOGRAPH),
    "Thai": Script("กขคงจชซดตถทนบปผพฟมยรลวสหอ" + "าเแโไ" * 3, LETTER),
}


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.near_duplicates", description=__doc__)
    parser.add_argument("--originals", type=int, default=1_000_000, help="in the index, for memory and lookups (%(default)s)")
    parser.add_argument("--pairs", type=int, default=1_000, help="of original and copy in each script (%(default)s)")
    parser.add_argument("--short", action="store_true", help="20,000 originals, 100 pairs")
    return parser


class Writer:
    """Writes texts of one script, and edits them as another newsroom would."""

    def __init__(self, script: Script, random: Random) -> None:
        """Makes up a vocabulary; the word of rank r comes with probability ~ 1/r (Zipf)."""
        self._random, self._script = random, script
        letters, is_word = script.letters, script.kind != IDEOGRAPH
        made = [
            "".join(random.choices(letters, k=random.randint(2, 9))) if is_word else random.choice(letters) for _ in range(20_000)
        ]
        self._vocabulary = made if is_word else list(letters)
        self._weights = list(np.cumsum(1 / np.arange(8, len(self._vocabulary) + 8)))

    def words(self, count: int) -> list[str]:
        """So many, drawn anew; of Chinese, characters."""
        return self._random.choices(self._vocabulary, cum_weights=self._weights, k=count)

    def text(self, words: Sequence[str]) -> str:
        """The words as a text, with some signs."""
        blank = " " if self._script.kind == WORD else ""
        return "".join(
            word + ("。" if not blank and i % 23 == 22 else ", " if i % 19 == 18 else blank) for i, word in enumerate(words)
        )

    def runs(self, words: Sequence[str]) -> frozenset[tuple[str, ...]]:
        """The distinct shingles, as they should be."""
        units = list(words) if self._script.kind == WORD else list("".join(words))
        length = LENGTHS[self._script.kind]
        return frozenset(zip(*(units[place:] for place in range(length)), strict=False))

    def edited(self, words: Sequence[str], steps: int, seed: int) -> list[str]:
        """So many edits, the first the same whatever their number: a word is changed, dropped or new, a sentence cut or new."""
        random, edited = Random(seed), list(words)
        for _ in range(steps):
            place, [new, *sentence] = random.randrange(len(edited)), random.choices(self._vocabulary, k=12)
            kind = random.random()
            if kind < 0.6:
                edited[place] = new
            elif kind < 0.75:
                edited[place : place + 1] = []
            elif kind < 0.9:
                edited[place:place] = [new]
            elif kind < 0.95 and len(edited) > 60:
                edited[place : place + 12] = []
            else:
                edited[place:place] = sentence
        return edited


@dataclass(frozen=True, slots=True)
class Pair:
    """An original, its copy, and their Jaccard similarity."""

    original: str
    copy: str
    truth: float


def pairs(script: Script, count: int, random: Random) -> Iterator[Pair]:
    """Texts of 60 to 1,500 words, their copies spread evenly over similarities from 0.5 to 1."""
    writer = Writer(script, random)
    for number in range(count):
        words = writer.words(round(60 * 25 ** random.random() * (1.6 if script.kind == IDEOGRAPH else 1)))
        target, runs = 0.5 + 0.5 * (number + random.random()) / count, writer.runs(words)
        low, high = 0, len(words)
        while low < high:  # the fewest edits that bring it down to the target
            middle = (low + high) // 2
            other = writer.runs(writer.edited(words, middle, number))
            low, high = (low, middle) if len(runs & other) <= target * len(runs | other) else (middle + 1, high)
        copy = writer.edited(words, max(low - 1, 0), number)
        other = writer.runs(copy)
        yield Pair(writer.text(words), writer.text(copy), len(runs & other) / len(runs | other))


@dataclass(slots=True)
class Found:
    """What became of the pairs of one script: numbers by (edge below the truth, what), and of right and wrong verdicts."""

    by_band: Counter[tuple[float, str]]
    hits: int = 0
    called: int = 0
    copies: int = 0

    @property
    def precision(self) -> float:
        """Of the pairs that were called copies, how many are."""
        return self.hits / self.called if self.called else 0.0

    @property
    def recall(self) -> float:
        """Of the copies, how many were called so."""
        return self.hits / self.copies if self.copies else 0.0


def judged(made: Sequence[Pair]) -> Found:
    """All originals go into one index, then each copy is looked up as the service does it; any wrong original counts as wrong."""
    index, signed, found = BandIndex(len(made)), [_signed(pair.original) for pair in made], Found(Counter())
    for number, each in enumerate(signed):
        index.add(number.to_bytes(16, "big"), each.bands, 0, number)
    for number, pair in enumerate(made):
        copy = _signed(pair.copy)
        candidates = [order for order, _ in index.candidates(copy.bands)]
        match = next((order for order in candidates if similarity(copy.sketch, signed[order].sketch) >= THRESHOLD), None)
        edge = max(edge for edge in _EDGES[:-1] if edge <= max(pair.truth, _EDGES[0]))
        is_copy = pair.truth >= THRESHOLD
        found.by_band.update(
            [(edge, "pairs"), *([(edge, "candidates")] * (number in candidates)), *([(edge, "called")] * (match == number))]
        )
        found.called += match is not None
        found.copies += is_copy
        found.hits += is_copy and match == number
    return found


def _signed(text: str) -> Signature:
    found = signature(text)
    assert found is not None, "a generated text is too short to compare"
    return found


def report_quality(count: int) -> bool:
    """Prints what was found by script and by similarity; whether precision and recall hold in every script."""
    total: Counter[tuple[float, str]] = Counter()
    holds = True
    print(f"\nquality    {count} pairs in each script, similarities spread over 0.5–1.0, threshold {THRESHOLD}")
    print("script     precision  recall  copies  called")
    for number, (name, script) in enumerate(SCRIPTS.items()):
        found = judged(list(pairs(script, count, Random(number))))
        total += found.by_band
        holds &= found.precision >= LEAST_PRECISION and found.recall >= LEAST_RECALL
        print(f"{name:10} {found.precision:9.4f} {found.recall:7.4f} {found.copies:7} {found.called:7}", flush=True)
    print("similarity     pairs  candidates  called a copy")
    for low, high in pairwise(_EDGES):
        all_pairs = total[low, "pairs"]
        shares = [total[low, what] / all_pairs if all_pairs else 0.0 for what in ("candidates", "called")]
        print(f"{low:.2f}–{high:.2f}  {all_pairs:8} {shares[0]:11.4f} {shares[1]:14.4f}")
    return holds


def report_signatures(rounds: int) -> bool:
    """Prints how long an article of 500 words takes; whether each script stays within the limit."""
    print(f"\nsignatures of 500 words, medians of {rounds}")
    slowest = 0.0
    for name, script in SCRIPTS.items():
        writer = Writer(script, Random(1))
        texts = [writer.text(writer.words(800 if script.kind == IDEOGRAPH else 500)) for _ in range(rounds)]
        median_s = float(np.median([_seconds(lambda text=text: signature(text)) for text in texts]))  # type: ignore[misc]
        slowest = max(slowest, median_s)
        print(f"{name:10} {median_s * 1e3:6.3f} ms  {1 / median_s:8,.0f}/s  {len(texts[0])} code points", flush=True)
    return slowest * 1e3 <= MOST_MS


def report_index(count: int) -> bool:
    """Prints memory and speed of an index of so many originals over 72 hours; whether both stay within their limits."""
    random, index, before = np.random.default_rng(1), BandIndex(count), _resident_bytes()
    start = time.perf_counter()
    for first in range(0, count, 10_000):
        size = min(10_000, count - first)
        bands, ids = random.bytes(size * BANDS * 4), random.bytes(size * 16)
        for row in range(size):
            event_time_s = (first + row) * _WINDOW_S // count
            index.add(ids[row * 16 : row * 16 + 16], bands[row * BANDS * 4 : (row + 1) * BANDS * 4], event_time_s, first + row)
    added_s = time.perf_counter() - start
    grown = _resident_bytes() - before
    wanted = [random.bytes(BANDS * 4) for _ in range(2_000)]
    lookups_s = sorted(_seconds(lambda bands=bands: index.candidates(bands)) for bands in wanted)  # type: ignore[misc]
    removals_s = sorted(_seconds(lambda each=each: index.remove(each[:16])) for each in wanted)  # type: ignore[misc]
    each = index.nbytes / count
    print(f"\nindex      {count:,} originals over 72 h")
    print(f"memory     {each:.1f} bytes an original in arrays ({index.nbytes / 2**20:.0f} MiB), {grown / count:.0f} resident")
    print("           the libraries' own indexes: 1,150 (rensa), 4,740 (datasketch), see docs/decisions/0011")
    print(f"adds       {count / added_s:,.0f}/s")
    for name, spent_s in (("lookups", lookups_s), ("removals", removals_s)):
        median_s, late_s = spent_s[len(spent_s) // 2], spent_s[len(spent_s) * 99 // 100]
        print(f"{name:10} {len(spent_s) / sum(spent_s):,.0f}/s, median {median_s * 1e3:.3f} ms, p99 {late_s * 1e3:.3f} ms")
    return each <= MOST_BYTES and lookups_s[len(lookups_s) // 2] * 1e3 <= MOST_MS


def _seconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _resident_bytes() -> int:
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") if _STATM.exists() else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every limit holds."""
    given = parser().parse_args(arguments)
    if given.short:
        given.originals, given.pairs = 20_000, 100
    print_machine()
    print(f"           numpy {version('numpy')}, rensa {version('rensa')}")
    print(f"parameters {BANDS} bands, limits {MOST_BYTES} bytes an original, {MOST_MS} ms, precision and recall {LEAST_RECALL}")
    reports = [report_index(given.originals), report_signatures(200), report_quality(given.pairs)]
    return 0 if all(reports) else 1


if __name__ == "__main__":
    sys.exit(main())
