"""Cutting a text into units: what counts as the same, and where no blanks part the words."""

import pytest

from services.trends.units import IDEOGRAPH, LETTER, WORD, kind_of, units


def hashes(text: str) -> list[int]:
    return [int(value) for value in units(text).hashes]


def kinds(text: str) -> list[int]:
    return [int(kind) for kind in units(text).kinds]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ÉLYSÉE", "e\u0301lysée"),
        ("l'Élysée «parle»", "l’e\u0301lysée, “PARLE”!"),
        ("İstanbul STRASSE", "i\u0307stanbul straße"),
        ("والمُدرِّس قـــال ١٢", "والمدرس قال 12"),
        ("إيران آزاد على", "ايران ازاد علي"),
        ("کتاب گفتگوی", "كتاب گفتگوي"),
        ("می\u200cخواهم", "میخواهم"),
        ("צה״ל שָׁלוֹם ג׳", "צה\"ל שלום ג'"),
        ("Он при́нял всё", "он принял все"),
        ("ﾄﾖﾀ ２０２５年", "トヨタ 2025年"),
        ("ភាសា\u200bខ្មែរ", "ភាសាខ្មែរ"),
        ("क़ानून १५%", "क\u093cानून 15"),
        ("👩🏽‍🚒 news 😀", "News"),
        ("anti\u00adterror", "antiterror"),
    ],
    ids=["case", "quotes", "turkish", "ar", "hamza", "keyboards", "joiner", "he", "ru", "width", "km", "hi", "emoji", "hyphens"],
)
def test_what_outlets_write_in_their_own_way_makes_no_difference(one: str, other: str) -> None:
    assert hashes(one) == hashes(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("año", "ano"), ("schon", "schön"), ("ma", "mạ"), ("कल", "काल"), ("ab", "ba"), ("ข่าว", "ขาว"), ("a b", "ab"), ("12", "21")],
)
def test_what_makes_another_word_does(one: str, other: str) -> None:
    assert hashes(one) != hashes(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe 12 км", [WORD] * 3),
        ("أعلنت NourGrid أمس", [WORD] * 3),
        ("नमस्ते दुनिया", [WORD] * 2),
        ("서울의 날씨", [WORD] * 2),
        ("中文ABC字1", [IDEOGRAPH] * 2 + [WORD, IDEOGRAPH, WORD]),
        ("スーパー", [IDEOGRAPH] * 4),
        ("ข่าว", [LETTER] * 3),
        ("ລາວ ខ្មែរ မြန်", [LETTER] * 3 + [LETTER] * 3 + [LETTER] * 2),
        ("བོད་སྐད", [WORD] * 2),
        ("— …! 😀", []),
        ("", []),
        ("\ud800", []),
    ],
    ids=["la-cy", "ar", "hi", "ko", "zh", "ja", "th", "lo-km-my", "bo", "signs", "none", "surrogate"],
)
def test_scripts_without_blanks_are_cut_into_characters(text: str, expected: list[int]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("characters", "kind"),
    [("aéбबم한1", WORD), ("漢かカー々ㄅ〇", IDEOGRAPH), ("กເမកᦀ", LETTER)],
    ids=["word", "ideograph", "letter"],
)
def test_kind_of_a_character(characters: str, kind: int) -> None:
    assert {kind_of(character) for character in characters} == {kind}
