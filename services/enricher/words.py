"""Counts words as Unicode's text segmentation finds them (UAX #29, default word boundaries)."""

import regex

# At a boundary, a segment is a word when a letter or digit follows, perhaps after characters that only join (such as "_")
# or extend. The set is written so that no boundary lies inside a run of it: the search stays linear on any text.
_WORD = regex.compile(
    r"(?w)\b[\p{WB=ExtendNumLet}\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}[\p{WB=Numeric}\p{WB=Katakana}\p{WB=ALetter}"
    r"--[\p{Alphabetic}\p{N}]]]*+[[\p{Alphabetic}\p{N}]--\p{M}]",
    regex.V1,
)


def count_words(text: str) -> int:
    """How many segments have a letter or digit.

    UAX #29 knows no dictionary: each Han character, each hiragana and each Thai, Lao, Khmer or Burmese letter with its marks
    counts as one.
    """
    return sum(len(_WORD.findall(line, concurrent=True)) for line in text.split("\n"))
