"""Mentions gathered into named things, and how salient those are."""

import pytest

from services.enricher.names import Spotted, grouped, name_of, spotted
from services.enricher.readings import Place, read
from services.enricher.salience import salience
from services.enricher.spans import Type
from services.enricher.stage import Encoding
from services.enricher.vote import Found
from tests.support.encodings import window


def mention(name: str, kind: Type = "PER", start: int = 0, field: str = "text") -> Spotted:
    return Spotted(field, start, start + len(name), name, name, tuple(name.casefold().split()), kind, 0.9)


def things(*names: Spotted) -> list[tuple[str, int]]:
    return [(name_of(group), len(group)) for group in grouped(names)]


def test_equal_names_but_for_case_are_one_thing() -> None:
    assert things(mention("STRASSE", "LOC"), mention("Straße", "LOC", 20)) == [("STRASSE", 2)]


def test_a_short_name_joins_the_only_longer_one() -> None:
    assert things(mention("Adhiambo Okelo"), mention("Grace Adhiambo Okelo", start=30), mention("Okelo", start=60)) == [
        ("Grace Adhiambo Okelo", 3)
    ]


def test_a_short_name_of_two_persons_joins_neither() -> None:
    assert sorted(things(mention("Ana Vega"), mention("Leo Vega", start=20), mention("Vega", start=40))) == [
        ("Ana Vega", 1),
        ("Leo Vega", 1),
        ("Vega", 1),
    ]


def test_only_persons_have_short_names() -> None:
    assert len(things(mention("北京 大学", "ORG"), mention("北京", "ORG", 20))) == 2


def test_equal_names_of_two_types_are_two_things() -> None:
    assert len(things(mention("Orsova", "LOC"), mention("Orsova", "ORG", 20))) == 2


@pytest.mark.parametrize(
    ("text", "prefix", "words", "surface", "name"),
    [
        ("للقاهرة", 1, ("القاهرة",), "لقاهرة", "القاهرة"),
        ("ولباكو", 2, ("باكو",), "باكو", "باكو"),
        ("لَباكو", 1, ("باكو",), "باكو", "باكو"),
        ("ﾄｳｷｮｳ", 0, ("トウキョウ",), "ﾄｳｷｮｳ", "トウキョウ"),
    ],
)
def test_prefixes_are_outside_the_surface_and_the_name_is_in_nfkc(
    text: str, prefix: int, words: tuple[str, ...], surface: str, name: str
) -> None:
    readings = [read("text", text, Encoding((window(text),)))]
    (found,) = spotted(readings, [Found(Place(0, 0, len(readings[0].edges), prefix), words, "LOC", 0.9)])
    assert (found.surface, found.name) == (surface, name)
    assert text[found.start : found.end] == found.surface


def test_salience_is_the_documented_sum() -> None:
    mentions = [mention("Baku", field="title"), mention("Baku", start=50)]
    assert salience(mentions, most_mentions=4, text_length=100) == pytest.approx(0.3 + 0.3 * 0.5 + 0.4 * 2 / 4)


def test_what_only_the_title_names_has_no_place_in_the_text() -> None:
    assert salience([mention("Baku", field="title")], most_mentions=1, text_length=100) == pytest.approx(0.7)
