"""What is counted, and under which spelling."""

import pytest

from services.trends.keys import TrendKey, letters, normalised

KEYS = [
    TrendKey("entity", "PER", "إلهام علييف", "ar"),
    TrendKey("entity", "ORG", "भारतीय रिज़र्व बैंक", "hi"),
    TrendKey("entity", "LOC", "東京", "ja"),
    TrendKey("entity", "MISC", "🏆 cup", "en"),
    TrendKey("language", "", "zh-Hant", "zh-Hant"),
    TrendKey("country", "", "AZ", "az-Latn"),
    TrendKey("topic", "", "medtop:16000000", "de"),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_key_comes_back_from_its_bytes(key: TrendKey) -> None:
    assert TrendKey.from_bytes(key.to_bytes()) == key
    assert key.to_bytes()[:1] in letters(key.kind, key.type)


def test_no_two_keys_have_the_same_bytes() -> None:
    assert len({key.to_bytes() for key in KEYS}) == len(KEYS)


def test_all_languages_of_a_name_are_on_one_partition() -> None:
    languages = ("ar", "az-Latn", "zh-Hant", "en")
    assert len({TrendKey("entity", "LOC", "баку", tag).partition(64) for tag in languages}) == 1


def test_names_are_spread_over_partitions() -> None:
    assert {TrendKey("entity", "PER", f"name {number}", "en").partition(4) for number in range(50)} == {0, 1, 2, 3}


def test_text_form_is_a_json_array() -> None:
    assert str(KEYS[0]) == '["entity","PER","إلهام علييف","ar"]'


@pytest.mark.parametrize("data", [b"", b"P", b"Pname", b"Xname\x1fen", b"P\xff\x1fen"])
def test_other_bytes_are_no_key(data: bytes) -> None:
    with pytest.raises(ValueError):
        TrendKey.from_bytes(data)


@pytest.mark.parametrize(
    ("spellings", "name"),
    [
        (["Straße", "STRASSE", "  strasse\u00a0"], "strasse"),
        (["Zürich", "Zu\u0308rich", "ZÜRICH"], "zürich"),
        (["İstanbul", "I\u0307stanbul"], "i̇stanbul"),
        (["أذربيجان", "\u200fأذربيجان", "ﺃﺫﺭﺑﻴﺠﺎﻥ"], "أذربيجان"),
        (["क्षेत्र", "क्\u200dषेत्र"], "क्षेत्र"),
        (["ﾄﾖﾀ自動車", "トヨタ自動車"], "トヨタ自動車"),
        (["New  York\tTimes", "new york times"], "new york times"),
        (["❤\ufe0f", "❤"], "❤"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_spellings_of_a_name_are_one(spellings: list[str], name: str) -> None:
    assert [normalised(spelling) for spelling in spellings] == [name] * len(spellings)


@pytest.mark.parametrize("name", ["", "  \u3000", "\u200b\u200d", "x" * 201, "字" * 201])
def test_nothing_and_sentences_are_no_names(name: str) -> None:
    assert normalised(name) is None


def test_letters_of_a_kind() -> None:
    assert sorted(letters("entity", None)) == sorted(b"POLM")
    assert (letters("entity", "ORG"), letters("country", None), letters("topic", "PER")) == (b"O", b"c", b"")
