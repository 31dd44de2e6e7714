"""Attached prefixes are split where the encoder says so, and only letters that can be prefixes."""

import numpy as np
import pytest

from services.enricher.prefixes import NONE, PREFIXES, joined, restored
from services.enricher.stage import Floats


def likely(letters: int) -> Floats:
    row: Floats = np.eye(4, dtype=np.float32)[letters]
    return row


@pytest.mark.parametrize(("word", "letters"), [("بباكو", 1), ("باكو", 0), ("ولأرمينيا", 2), ("للقاهرة", 1)])
def test_the_encoder_decides(word: str, letters: int) -> None:
    assert PREFIXES["ar"].split(word, [likely(letters)], {}) == letters


def test_amharic_has_prefixes_too() -> None:
    assert PREFIXES["am"].split("በአዲስ", [likely(1)], {}) == 1
    assert PREFIXES["am"].split("አዲስ", [likely(1)], {}) == 0


def test_what_also_stands_without_the_letter_is_the_name() -> None:
    unsure = np.array([0.6, 0.4, 0, 0], np.float32)
    assert PREFIXES["ar"].split("بشيلو", [unsure], {"بشيلو": 1}) == 0
    assert PREFIXES["ar"].split("بشيلو", [unsure], {"بشيلو": 1, "شيلو": 1}) == 1


def test_what_also_stands_behind_another_letter_keeps_its_own() -> None:
    unsure = np.array([0.4, 0.6, 0, 0], np.float32)
    assert PREFIXES["ar"].split("باكو", [unsure], {"باكو": 3}) == 1
    assert PREFIXES["ar"].split("باكو", [unsure], {"باكو": 3, "لباكو": 1}) == 0


def test_joining_is_how_it_is_written() -> None:
    assert joined("ل", "القاهرة") == "للقاهرة"
    assert joined("ب", "القاهرة") == "بالقاهرة"


def test_a_letter_that_is_no_prefix_stays() -> None:
    assert PREFIXES["ar"].split("وأنقرة", [likely(2)], {}) == 0
    assert PREFIXES["he"].split("תל", [likely(1)], {}) == 0


def test_letters_follow_one_another_in_their_order_only() -> None:
    assert PREFIXES["ar"].split("لبغداد", [likely(2)], {}) == 0
    assert PREFIXES["ar"].stems("لبغداد") == [("لبغداد", 0), ("بغداد", 1)]
    assert PREFIXES["he"].stems("ובירושלים") == [("ובירושלים", 0), ("בירושלים", 1), ("ירושלים", 2)]


def test_of_a_short_word_something_is_left() -> None:
    assert PREFIXES["ar"].split("وبل", [likely(3)], {}) == 0
    assert PREFIXES["ar"].split("و", [likely(1)], {}) == 0


def test_other_languages_have_none() -> None:
    assert NONE.split("baku", [likely(1)], {}) == 0
    assert NONE.stems("baku") == [("baku", 0)]


@pytest.mark.parametrize(
    ("written", "letters", "alone"),
    [("للقاهرة", 1, "القاهرة"), ("وللقاهرة", 2, "القاهرة"), ("لباكو", 1, "باكو"), ("והעיר", 1, "העיר")],
)
def test_the_arabic_article_comes_back(written: str, letters: int, alone: str) -> None:
    assert restored(written, letters) == alone


def test_stems_are_all_that_a_word_may_stand_for() -> None:
    assert PREFIXES["ar"].stems("ولباكو") == [("ولباكو", 0), ("لباكو", 1), ("باكو", 2)]
