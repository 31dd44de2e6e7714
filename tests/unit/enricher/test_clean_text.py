"""Cleaning: what is removed, what stays, in which form."""

import pytest

from services.enricher.clean_text import clean, clean_line


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Cafe\u0301", "Café"),
        ("  two \t\xa0\u3000 blanks  ", "two blanks"),
        ("a\r\nb\rc\u2028d\u2029e\x0bf\x85g", "a\nb\nc\nd\ne\nf\ng"),
        ("one\n\n \n\t\n\n\ntwo\n", "one\n\ntwo"),
        ("bell\x07 and \x1b[0m", "bell and [0m"),
        ("\u202bباكو\u202c \u2067قره\u2069 \u200fباغ\u061c", "باكو قره باغ"),
        ("zero\u200bwidth\u2060, so\u00adft\ufeff", "zerowidth, soft"),
        ("half \ud800 pair, non\ufdd0character\U0010ffff", "half pair, noncharacter"),
        ("\ue000 private", "\ue000 private"),
        ("R&D, a < b, <3 & 5 > 4", "R&D, a < b, <3 & 5 > 4"),
    ],
    ids="composed blanks newlines blank-lines controls bidi zero-width no-characters private-use signs".split(),  # noqa: SIM905
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "۴۰\u200cساله",
        "LED\u200cها",
        "ශ්\u200dරී ලංකා",
        "क्\u200dष",
        "র\u200d্যাব",
        "ه\u200d",
        "👩\u200d👩\u200d👧",
        "🏳\ufe0f\u200d🌈",
        "👩🏽\u200d⚕\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    ],
    ids="persian persian-digit persian-latin sinhala devanagari bengali heh family rainbow skin flag".split(),  # noqa: SIM905
)
def test_joiner_that_is_spelling_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Auf\u200clage", "Auflage"),
        ("a\u200db", "ab"),
        ("e\u200d\u0301", "é"),
        ("کتاب\u200c و", "کتاب و"),
        ("می\u200c\u200c\u200dخواهم", "می\u200cخواهم"),
        ("中\u200d文", "中文"),
        ("👍\u200d end", "👍 end"),
        ("x\U000e0041\U000e007f", "x"),
    ],
    ids=["ligature", "latin", "accent", "word-end", "run", "chinese", "emoji-end", "hidden-tags"],
)
def test_joiner_that_means_nothing_goes(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_pile_of_marks_keeps_its_letter_and_thirty_marks() -> None:
    assert clean("Z" + "\u0315\u0322" * 500 + "algo") == "Z" + "\u0322" * 15 + "\u0315" * 15 + "algo"


def test_line_has_no_newline() -> None:
    assert clean_line(" Überschrift \n in\u2028 zwei Zeilen ") == "Überschrift in zwei Zeilen"
