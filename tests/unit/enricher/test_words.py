"""Counting words: UAX #29's default boundaries."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from services.enricher.words import count_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Hello, world's 3.14 can't", 4),
        ("Überraschung à l'Élysée", 3),
        ("أعلنت وزارة الدفاع، الثلاثاء", 4),
        ("नमस्ते दुनिया", 2),
        ("中文字", 3),
        ("カタカナ と", 2),
        ("ไทย", 3),
        ("می\u200cخواهم", 1),
        ("😀 👩\u200d👩\u200d👧 — !", 0),
        ("snake_case __init__ _", 2),
        ("R&D\nA4", 3),
    ],
    ids=["none", "en", "fr", "ar", "hi", "zh", "ja", "th", "fa", "emoji", "underscores", "signs"],
)
def test_count_words(text: str, words: int) -> None:
    assert count_words(text) == words


pieces = st.sampled_from([*"aé_1.,:'\" \n-ـبहि्ไกカひ漢\u0301\u200d\u200b😀", "٣٫٥"])


@given(st.lists(pieces).map("".join))
def test_count_is_that_of_the_segments_with_a_letter_or_digit(text: str) -> None:
    cuts = [found.start() for found in regex.finditer(r"(?w)\b", text)]
    segments = [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=False)]
    assert count_words(text) == sum(bool(regex.search(r"[\p{L}\p{N}]", segment)) for segment in segments)
