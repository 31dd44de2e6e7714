"""Attached prefixes are told from first letters by evidence."""

from collections import Counter

import pytest

from services.enricher.assets import open_assets
from services.enricher.prefixes import Prefixes, joined, restored

# About what the tokenizer's vocabulary says: a known word is one common piece, anything else is several rare ones.
KNOWN = {"باكو", "بغداد", "لبنان", "كوريا", "فرنسا", "واشنطن", "أرمينيا", "القاهرة", "أذربيجان", "תלאביב", "ירושלים"}


def rarity(word: str) -> float:
    return 9.0 if word in KNOWN else 8.0 + 3.0 * len(word) / 2


def learned(language: str) -> Prefixes:
    return Prefixes(rarity=rarity, **open_assets().settings["entities"]["prefixes"][language])


@pytest.mark.parametrize("word", ["باكو", "بغداد", "لبنان", "كوريا", "فرنسا", "واشنطن"])
def test_a_first_letter_that_belongs_to_the_name_stays(word: str) -> None:
    assert learned("ar").split(word, Counter([word])) == 0


@pytest.mark.parametrize(("word", "letters"), [("لأرمينيا", 1), ("بباكو", 1), ("وأذربيجان", 1), ("للقاهرة", 1), ("ولأرمينيا", 2)])
def test_prefixes_of_known_names_are_told(word: str, letters: int) -> None:
    assert learned("ar").split(word, Counter([word])) == letters


def test_a_rest_that_stands_alone_in_the_article_is_the_name() -> None:
    assert learned("ar").split("بشيلو", Counter(["بشيلو"])) == 0
    assert learned("ar").split("بشيلو", Counter(["بشيلو", "شيلو", "شيلو", "شيلو"])) == 1


def test_hebrew_prefixes_are_told_by_the_article() -> None:
    assert learned("he").split("בירושלים", Counter(["בירושלים", "ירושלים"])) == 1


def test_other_languages_have_none() -> None:
    assert Prefixes().split("baku", Counter(["baku", "aku"])) == 0
    assert Prefixes().stems("baku") == [("baku", 0)]


@pytest.mark.parametrize(
    ("written", "letters", "alone"),
    [("للقاهرة", 1, "القاهرة"), ("وللقاهرة", 2, "القاهرة"), ("لباكو", 1, "باكو"), ("והעיר", 1, "העיר")],
)
def test_the_arabic_article_comes_back(written: str, letters: int, alone: str) -> None:
    assert restored(written, letters) == alone


def test_joining_is_how_it_is_written() -> None:
    assert joined("ل", "القاهرة") == "للقاهرة"
    assert joined("ب", "القاهرة") == "بالقاهرة"


def test_stems_are_all_that_a_word_may_stand_for() -> None:
    assert learned("ar").stems("ولباكو") == [("ولباكو", 0), ("لباكو", 1), ("باكو", 2)]
