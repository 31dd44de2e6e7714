"""Names settled by all their places in an article."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.enricher.prefixes import NONE, PREFIXES, Prefixes
from services.enricher.readings import read
from services.enricher.stage import Encoding, Floats, Window
from services.enricher.vote import Thresholds, find_names
from tests.support.encodings import row, window

LIMITS = Thresholds(kept=0.4, spread=0.5, sure=0.9, hint=0.2)
ARABIC = PREFIXES["ar"]


def names(text: str, *windows: Window, prefixes: Prefixes | None = None) -> list[tuple[str, str]]:
    reading = read("text", text, Encoding(windows))
    found = find_names([reading], prefixes or NONE, LIMITS)
    return [(text[reading.edges[f.place.first][0] + f.place.prefix : reading.edges[f.place.end - 1][1]], f.type) for f in found]


def labelled(text: str, *rows: Floats) -> Window:
    """A window whose words have these rows, in order."""
    return window(text, {text.split()[0]: rows})


def places(text: str, name: str, rows: Sequence[Floats]) -> Window:
    """A window where a one-word name has these rows at its places."""
    words = text.split()
    at = iter(rows)
    return labelled(text, *(next(at) if word == name else row() for word in words))


def test_a_name_found_surely_is_found_where_the_encoder_wavered() -> None:
    text = "Kisumu flooded Then Kisumu slept"
    window_ = places(text, "Kisumu", [row(B_LOC=0.95), row(B_LOC=0.3)])
    assert names(text, window_) == [("Kisumu", "LOC"), ("Kisumu", "LOC")]


def test_a_place_that_is_surely_none_is_left() -> None:
    text = "Will spoke and they Will go"
    assert names(text, places(text, "Will", [row(B_PER=0.95), row(B_PER=0.05)])) == [("Will", "PER")]


def test_a_stray_reading_is_outvoted() -> None:
    text = "река шла река спала река росла река"
    rows = [row(B_LOC=0.55), row(B_LOC=0.02), row(B_LOC=0.02), row(B_LOC=0.02)]
    assert names(text, places(text, "река", rows)) == []


def test_the_type_is_settled_by_all_places() -> None:
    text = "Orsova won and Orsova lost and Orsova drew"
    rows = [row(B_ORG=0.9), row(B_LOC=0.6, B_ORG=0.3), row(B_ORG=0.9)]
    assert {kind for _, kind in names(text, places(text, "Orsova", rows))} == {"ORG"}


def test_names_are_found_behind_prefixes_and_prefixes_stay_outside() -> None:
    text = "أرمينيا قالت لأرمينيا"
    window_ = window(text, {"أرمينيا": [row(B_LOC=0.9), row(), row(B_LOC=0.6)]}, prefixes={"لأرمينيا": 1})
    assert names(text, window_, prefixes=ARABIC) == [("أرمينيا", "LOC"), ("أرمينيا", "LOC")]


def test_all_places_of_a_word_decide_on_its_prefix_together() -> None:
    text = "باكو ثم باكو ثم باكو"
    rows = [row(B_LOC=0.9), row(), row(B_LOC=0.9), row(), row(B_LOC=0.9)]
    plain = window(text, {"باكو": rows})
    wavering = replace(plain, prefixes=np.array([[0.4, 0.6, 0, 0], *[[0.9, 0.1, 0, 0]] * 4], np.float32))
    assert names(text, wavering, prefixes=ARABIC) == [("باكو", "LOC")] * 3


def test_confidence_is_that_of_the_type_too() -> None:
    reading = read("text", "Orsova", Encoding((labelled("Orsova", row(B_ORG=0.6, B_LOC=0.3)),)))
    (found,) = find_names([reading], NONE, LIMITS)
    assert found.type == "ORG"
    assert found.confidence == pytest.approx(0.6)


def test_marks_at_the_ends_are_no_part_of_a_name_but_its_full_stop_is() -> None:
    text = "“東京” U.S."
    rows = [row(B_LOC=0.9), row(I_LOC=0.9), row(I_LOC=0.9), *[row(B_LOC=0.9), *[row(I_LOC=0.9)] * 3]]
    assert names(text, window(text, {"“": rows})) == [("東京", "LOC"), ("U.S.", "LOC")]


def test_an_article_without_names_has_none() -> None:
    assert names("वह गया 🎉", window("वह गया 🎉")) == []
    assert names("") == []
