"""Cuts a text into units that survive editing by another newsroom: words, or characters where no blanks part the words.

Case, punctuation, quotation marks, kinds of digits, vowel points, stress marks and spelling variants that depend on the
keyboard make no difference. Other accents do: outlets copy them, and a language may tell most of its words apart by them.
"""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# 2^64 divided by the golden ratio, and the two multipliers of SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014), which
# spreads a change of one bit over all 64. Fixed for ever: hashes are stored and compared across versions.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)

WORD, IDEOGRAPH, LETTER = range(3)

# Scripts without blanks between words. A Han character or kana is half a word, a letter of the others about a quarter of one.
_IDEOGRAPHS = (
    (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x312F), (0x31A0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0xA4CF), (0xF900, 0xFAFF),
    (0x16FE0, 0x18DFF), (0x1AFF0, 0x1B2FF), (0x20000, 0x3FFFF),
)  # fmt: skip
_LETTERS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),  # Burmese
    (0x1780, 0x17FF), (0x1950, 0x19FF),  # Khmer, Tai Le, New Tai Lue
    (0x1A20, 0x1AAF), (0x1B00, 0x1B7F), (0xA980, 0xA9DF), (0xAA80, 0xAADF), (0x11700, 0x1174F),  # Tai Tham to Ahom
)  # fmt: skip
_RANGES = sorted([(*each, IDEOGRAPH) for each in _IDEOGRAPHS] + [(*each, LETTER) for each in _LETTERS])
_BOUNDS = np.array([bound for first, last, _ in _RANGES for bound in (first, last + 1)])
_KINDS = np.array([WORD] + [kind for _, _, found in _RANGES for kind in (found, WORD)], dtype=np.uint8)

# Left out without parting a word: apostrophes; tatweel; vowel points and stress marks; variation selectors. Format characters
# (joiners, soft hyphens, the zero-width blanks that some put between Khmer words) follow by their category.
_UNSEEN = (
    *map(ord, "'’‘ʻʼ`׳ـ"),
    *range(0x0300, 0x0370), *range(0x0591, 0x05C8), *range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670,
    *range(0x06D6, 0x06EE), *range(0x08CA, 0x0900), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0),
)  # fmt: skip
# Hamza on alef, Arabic and Persian yeh and kaf, Russian ё: which one is written depends on the house or the keyboard.
_SAME = dict(zip("أإآٱىیکё", "ااااييكе", strict=True))
# Normalising sorts marks in time with the square of their number: 80,000 in a row take 5 s. So it is done in pieces, which are
# cut at blanks where there are any.
_PIECE = re.compile(r".{1,1000}(?!\S)|.{1,1000}", re.DOTALL)
_MOST_CHARACTERS = 20_000  # that are remembered; the living scripts need fewer

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Units:
    """A text's units in order: a hash of each, and its kind (WORD, IDEOGRAPH or LETTER)."""

    hashes: Hashes
    kinds: npt.NDArray[np.uint8]


class _Characters(dict[int, str]):
    """What stands for each character, in the form that `str.translate` asks for."""

    def __missing__(self, point: int) -> str:
        if len(self) >= _MOST_CHARACTERS:
            self.clear()
        self[point] = stand_in = _stand_in(chr(point))
        return stand_in


def _stand_in(character: str) -> str:
    """A blank for what parts words; characters of scripts without blanks begin a unit, a Han character or kana ends it too."""
    category = unicodedata.category(character)
    if category == "Cf" or ord(character) in _UNSEEN:
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category[0] not in "LNM":
        return " "
    character = _SAME.get(character, character)
    kind = kind_of(character) if category[0] != "M" else WORD
    return (character, f" {character} ", f" {character}")[kind]


def kind_of(character: str) -> int:
    """Whether a character is part of a word, an ideograph, or a letter of a script without blanks."""
    return int(_kinds(np.array([ord(character)]))[0])


def units(text: str) -> Units:
    """The text's units; none for a text without letters and digits. Takes linear time."""
    folded = "".join(map(_folded, _PIECE.findall(text)))
    points = np.frombuffer(folded.encode("utf-32-le"), dtype="<u4")
    seen = points != ord(" ")
    begins = seen.copy()
    begins[1:] &= ~seen[:-1]
    points, starts = points[seen].astype(np.uint64), np.flatnonzero(begins[seen])
    if not starts.size:
        return Units(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint8))
    places = np.arange(points.size) - np.repeat(starts, np.diff(starts, append=points.size))
    sums = np.add.reduceat(mixed(points + (places.astype(np.uint64) << np.uint64(21))), starts)
    return Units(mixed(sums), _kinds(points[starts]))


def _folded(piece: str) -> str:
    """NFKC before and after, because folding case takes some characters apart and NFKC makes capitals of some."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", piece).casefold()).translate(_characters)


def mixed(values: Hashes) -> Hashes:
    """Each value spread over 64 bits; a bijection."""
    values = values * GOLDEN
    values = (values ^ (values >> np.uint64(30))) * _MULTIPLIER_1
    values = (values ^ (values >> np.uint64(27))) * _MULTIPLIER_2
    return values ^ (values >> np.uint64(31))


def _kinds(points: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    return _KINDS[np.searchsorted(_BOUNDS, points, side="right")]


_characters = _Characters()
