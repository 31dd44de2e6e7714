"""Names settled by all their places in an article."""

from collections.abc import Sequence

from services.enricher.prefixes import Prefixes
from services.enricher.readings import read
from services.enricher.stage import Encoding, Floats, Window
from services.enricher.vote import Thresholds, find_names
from tests.support.encodings import row, window

LIMITS = Thresholds(kept=0.4, spread=0.5, sure=0.9, hint=0.2, neighbour=0.15, lone_person=0.33)
ARABIC = Prefixes(
    letters={"ب": 0.0, "ل": 0.0, "و": 0.0},
    weights=dict.fromkeys(("bias", "rarer", "whole_stands", "article", "hamza", "bare_alif", "length"), 0.0)
    | {"bias": -1.0, "rest_stands": 3.0},
    kinds={"ب": (5.0, 20.0, 30.0)},
)


def names(text: str, *windows: Window, prefixes: Prefixes | None = None) -> list[tuple[str, str]]:
    reading = read("text", text, Encoding(windows))
    found = find_names([reading], prefixes or Prefixes(), LIMITS)
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


def test_a_lone_word_read_as_person_and_place_is_a_place() -> None:
    text = "قالت باكو إن في باكو حرب"
    window_ = places(text, "باكو", [row(B_PER=0.7, B_LOC=0.2), row(B_LOC=0.6)])
    assert {kind for _, kind in names(text, window_)} == {"LOC"}


def test_but_a_person_when_a_full_name_explains_it() -> None:
    text = "Ana Vega spoke Vega left Vega"
    rows = [row(B_PER=0.9), row(I_PER=0.9), row(), row(B_PER=0.7, B_LOC=0.2), row(), row(B_LOC=0.6, B_PER=0.3)]
    assert names(text, labelled(text, *rows)) == [("Ana Vega", "PER"), ("Vega", "PER"), ("Vega", "PER")]


def test_names_are_found_behind_prefixes_and_prefixes_stay_outside() -> None:
    text = "أرمينيا قالت لأرمينيا"
    window_ = labelled(text, row(B_LOC=0.9), row(), row(B_LOC=0.6))
    assert names(text, window_, prefixes=ARABIC) == [("أرمينيا", "LOC"), ("أرمينيا", "LOC")]


def test_a_word_that_stands_only_beside_a_name_belongs_to_it() -> None:
    text = "قال حكمت حاجييف ثم غادر حكمت حاجييف مساء"
    given, family = row(B_PER=0.25), row(B_PER=0.8)
    rows = [row(), given, family, row(), row(), given, family, row()]
    assert names(text, labelled(text, *rows)) == [("حكمت حاجييف", "PER"), ("حكمت حاجييف", "PER")]


def test_a_title_beside_a_name_does_not() -> None:
    text = "said President Okelo then left President Okelo today"
    title, family = row(B_PER=0.03), row(B_PER=0.9)
    rows = [row(), title, family, row(), row(), title, family, row()]
    assert names(text, labelled(text, *rows)) == [("Okelo", "PER"), ("Okelo", "PER")]


def test_marks_at_the_ends_are_no_part_of_a_name_but_its_full_stop_is() -> None:
    text = "“東京” U.S."
    rows = [row(B_LOC=0.9), row(I_LOC=0.9), row(I_LOC=0.9), *[row(B_LOC=0.9), *[row(I_LOC=0.9)] * 3]]
    assert names(text, window(text, {"“": rows})) == [("東京", "LOC"), ("U.S.", "LOC")]


def test_an_article_without_names_has_none() -> None:
    assert names("वह गया 🎉", window("वह गया 🎉")) == []
    assert names("") == []
