"""What holds for any text: cleaning settles at once, markup never raises, and nothing takes more than linear time."""

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.enricher.clean_text import clean, clean_line
from services.enricher.markup import load_extractor, read_page, strip_tags, without_markup
from services.enricher.words import count_words

extract = load_extractor()

# Lone surrogates included: a Python string can hold them, whatever the codec refuses.
anything = st.text(st.characters(codec=None, categories=None))
# What the rules are about, thick together.
_DENSE = (
    "aZé Ωبیक्षශ්රී漢か한👩🏽🏴⚕\ufe0f\u0301\u0315\u0323\u064b\u0653\u093c\u0958\u0344\u0ddf\u09be\u200b\u200c\u200d\u200e"
    "\u202e\u2060\ufeff\xad\n\r\t\x00\x85\u2028\xa0\u3000\ufdd0\ue000\ud800\U000e0041\U000e007f"
)
dense = st.text(st.sampled_from(_DENSE), max_size=60)
_MARKUP = (
    "<p> </p> <br> <b_a=' '> <script> </script> <!-- --> < > &amp; &#0; &#xD800; <table> <tr> <td> نص शब्द 字 😀 é \n _ <head> "
    "</head> <title> <h1> <article> <li> <?x ]]>"
)
markup = st.lists(st.sampled_from(_MARKUP.split(" ")), max_size=40).map(lambda pieces: "".join(pieces).replace("_", " "))


@given(st.one_of(anything, dense))
@example("a\u0301\u200d\u064b\u200dx")
@example("क" + "\u0958\u0344" * 40)
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.one_of(anything, dense))
def test_clean_text_is_composed_trimmed_and_can_be_encoded(text: str) -> None:
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert "\n\n\n" not in cleaned and "  " not in cleaned
    assert all(line == line.strip() for line in cleaned.split("\n"))
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


@given(st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"])))
def test_letters_and_digits_all_stay(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


@settings(deadline=None)  # the first extraction imports more
@given(st.one_of(anything, markup))
def test_markup_never_raises(text: str) -> None:
    assert isinstance(without_markup(text) + strip_tags(text) + read_page(extract, text).text, str)


@given(anything)
def test_text_without_an_opening_bracket_has_no_markup(text: str) -> None:
    plain = text.replace("<", "")
    assert without_markup(plain) == plain


@given(st.one_of(anything, dense))
def test_there_are_no_more_words_than_characters(text: str) -> None:
    assert 0 <= count_words(text) <= len(text)


HOSTILE = {
    "brackets": "<", "comments": "<!--", "tags": "<p ", "quotes": '<p a="', "scripts": "<script>", "entities": "&",
    "closings": "</head", "marks": "\u0301", "unsorted-marks": "\u0315\u0300", "piles-of-marks": "Z" + "\u0315\u0300" * 20,
    "growing": "\u0958\u0344", "zero-width": "\u200b", "joiners": "\u200d", "marks-and-joiners": "\u0301\u200d",
    "letters-and-joiners": "ب\u200c", "emoji": "👩\u200d", "newlines": "\n", "blank-lines": " \n", "blanks": " ",
    "underscores": "_", "colons": ":", "tag-characters": "🏴\U000e0041",
}  # fmt: skip


def read(text: str) -> None:
    count_words(clean(without_markup(text)))
    count_words(text)
    strip_tags(text)


def cpu_seconds(do: Callable[[str], None], text: str) -> float:
    """The least of three, so that a busy machine doesn't count."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        do(text)
        spent.append(time.process_time() - start)
    return min(spent)


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_eight_times_the_text_takes_no_more_than_linear_time(unit: str) -> None:
    short = unit * (20_000 // len(unit))
    small = max(cpu_seconds(read, short), 0.002)
    assert cpu_seconds(read, short * 8) / small < 8 * 3  # with the square it would be 64
