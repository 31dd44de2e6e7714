"""Noise changes how a text is written and never loses a name."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enricher.training.annotated import Annotated
from services.enricher.training.noise import in_case, inserted_at, noisy, spelt_otherwise, with_other_names, with_prefixes
from services.enricher.training.noise import without_last_mark as unmarked
from tests.support.marked import marked, surfaces

VOWELS = "\u064e\u064f\u0650\u0652\u0651"
TEXTS = (
    marked("ar", "وصل [PER أحمد الشرقاوي] إلى [LOC المدينة] و[LOC القاهرة] مع [ORG هيئة إنقاذ]."),
    marked("ar", "[LOC المدينة] [PER ليلى] [ORG الهلال]"),
    marked("he", "[PER דנה כהן] גרה ליד [LOC חיפה] 🎉!"),
    marked("de", "[PER Žofie Größer] fährt nach [LOC Köln], sagt [ORG ÖBB]."),
    marked("tr", "[LOC İzmir] ve [LOC Iğdır]'da [PER Işık]"),
    marked("el", "[PER ΟΔΥΣΣΕΥΣ] και [LOC Κόρινθος]."),
    marked("hi", "[PER नरेंद्र] [LOC नई दिल्ली] गए।"),
    marked("ja", "[PER 山田]は[LOC 東京]に住む。"),
    marked("en", "They use [ORG Yahoo!]"),
)


def plain(surface: str) -> str:
    """What noise never changes of a name."""
    variants = str.maketrans("أإآةىئؤ", "اااهييو", VOWELS)
    return surface.translate(variants).casefold()


def before(text: Annotated, number: int) -> str:
    """What stands before a name in its word."""
    start = (text.names or ())[number].start
    return text.text[:start].split(" ")[-1].translate(str.maketrans("", "", VOWELS))


@given(st.sampled_from(TEXTS), st.integers())
def test_names_stay_under_all_noise(text: Annotated, seed: int) -> None:
    changed = noisy(text, random.Random(seed))
    assert [name.type for name in changed.names or ()] == [name.type for name in text.names or ()]
    assert [name.stance for name in changed.names or ()] == [name.stance for name in text.names or ()]
    for (surface, _), (old, _), name in zip(surfaces(changed), surfaces(text), changed.names or (), strict=True):
        swallowed = name.prefix and old.startswith("ال") and plain(surface).startswith("ل")
        assert plain("ا" * bool(swallowed) + surface) == plain(old)


@given(st.sampled_from([text for text in TEXTS if text.language in ("ar", "he")]), st.integers())
def test_a_prefix_is_as_long_as_the_name_says(text: Annotated, seed: int) -> None:
    changed = noisy(text, random.Random(seed))
    for number, (name, old) in enumerate(zip(changed.names or (), text.names or (), strict=True)):
        if name.prefix != old.prefix:
            assert len(before(changed, number)) == name.prefix


@given(st.sampled_from(TEXTS), st.integers())
def test_the_same_seed_makes_the_same_noise(text: Annotated, seed: int) -> None:
    assert noisy(text, random.Random(seed)) == noisy(text, random.Random(seed))


def test_every_kind_of_noise_comes_up() -> None:
    text = TEXTS[3]
    seen = {noisy(text, random.Random(seed)).text for seed in range(500)}
    expected = {text.text, text.text.upper(), text.text.lower(), text.text.title(), text.text[:-1]}
    assert seen & expected == expected - {text.text.upper(), text.text.title()}  # ß has no one capital


@given(st.text(), st.sampled_from([str.upper, str.lower, str.title]))
def test_capitals_never_move_a_letter(written: str, change: Callable[[str], str]) -> None:
    changed = in_case(Annotated("test", "de", written, ()), change).text
    assert len(changed) == len(written)
    for old, new in zip(written, changed, strict=True):
        assert new in (old.upper(), old.lower(), old.title()) or new.casefold() == old.casefold()


@pytest.mark.parametrize(("written", "change"), [("Straße", str.upper), ("İzmir", str.lower), ("ﬁn", str.title)])
def test_where_a_letter_would_become_two_nothing_changes(written: str, change: Callable[[str], str]) -> None:
    text = Annotated("test", "de", written, ())
    assert in_case(text, change) is text


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "[LOC Oslo] won.", "Oslo won"),
        ("hi", "वह गया।", "वह गया"),
        ("ja", "[LOC 東京]です。", "東京です"),
        ("ar", "أين [LOC باكو]؟", "أين باكو"),
        ("en", "on [ORG Yahoo!]", "on Yahoo!"),
        ("en", "?!", "?!"),
    ],
)
def test_the_last_mark_goes_unless_it_is_a_names_own(language: str, text: str, expected: str) -> None:
    assert unmarked(marked(language, text)).text == expected


def test_arabic_is_spelt_with_other_letters_or_with_vowels() -> None:
    text = TEXTS[0]
    changed = [spelt_otherwise(text, random.Random(seed)) for seed in range(200)]
    letters = [one for one in changed if len(one.text) == len(text.text) and one.text != text.text]
    signed = [one for one in changed if any(vowel in one.text for vowel in VOWELS)]
    assert len(letters) > 50
    assert len(signed) > 20
    assert not {id(one) for one in letters} & {id(one) for one in signed}
    assert {"احمد الشرقاوي", "أحمد الشرقاوي"} <= {surfaces(one)[0][0] for one in letters}
    assert all(plain(one.text) == plain(text.text) for one in changed)
    assert all(one.text[0] not in VOWELS and f" {vowel}" not in one.text for one in signed for vowel in VOWELS)


def prefixed(text: Annotated) -> dict[str, Annotated]:
    """A text whose first name got a prefix, by prefix."""
    found = {}
    for seed in range(300):
        changed = with_prefixes(text, random.Random(seed), 1.0)
        found[before(changed, 0)] = changed
    return found


def test_prefixes_are_written_together_with_the_name() -> None:
    found = prefixed(marked("ar", "قال [PER زيد] إن [LOC باكو] بعيدة"))
    assert set(found) == {"و", "ب", "ل", "ف", "ك", "وب", "ول"}
    assert all((text.names or ())[0].prefix == len(prefix) for prefix, text in found.items())
    assert all(surfaces(text) == [("زيد", "PER"), ("باكو", "LOC")] for text in found.values())


def test_the_article_loses_its_alif_behind_a_l() -> None:
    found = prefixed(marked("ar", "قرب [LOC المدينة] و[LOC النيل] [PER زيد]"))
    assert found["ل"].text.startswith("قرب للمدينة ")
    assert found["ول"].text.startswith("قرب وللمدينة ")
    assert found["ب"].text.startswith("قرب بالمدينة ")
    assert [surfaces(found[prefix])[0][0] for prefix in ("ل", "ول", "ب")] == ["لمدينة", "لمدينة", "المدينة"]
    assert [(found[prefix].names or ())[0].prefix for prefix in ("ل", "ول", "ب")] == [1, 2, 1]
    assert all(surfaces(text)[1:] == [("النيل", "LOC"), ("زيد", "PER")] for text in found.values())


def test_a_short_name_keeps_its_alif() -> None:
    assert prefixed(marked("ar", "قرب [PER الين] هنا"))["ل"].text == "قرب لالين هنا"


@pytest.mark.parametrize(
    "text",
    [
        marked("ar", "قال و[PER زيد] نعم"),  # not where a word begins
        marked("ar", "قال [ORG 24 ساعة] نعم"),
        marked("ar", "قال [PER زيد] نعم", prefix=-1),  # whether it has a prefix isn't known
        marked("ar", "قال [PER زيد] نعم", prefix=1),
    ],
)
def test_other_names_get_no_prefix(text: Annotated) -> None:
    assert all(with_prefixes(text, random.Random(seed), 1.0) == text for seed in range(20))


def test_letters_are_put_before_a_name_that_begins_there_and_behind_one_that_ends_there() -> None:
    text = marked("en", "[PER Ann] [LOC Oslo]!")
    for place in range(len(text.text) + 1):
        changed = inserted_at(text, place, "žž")
        assert changed.text == text.text[:place] + "žž" + text.text[place:]
        assert [surface.replace("žž", "") for surface, _ in surfaces(changed)] == ["Ann", "Oslo"]
        assert ("žž" in surfaces(changed)[0][0]) == (place in (1, 2))
        assert ("žž" in surfaces(changed)[1][0]) == (place in (5, 6, 7))


@given(st.sampled_from(TEXTS), st.integers(), st.sampled_from([0.3, 1.0]))
def test_other_names_stand_where_the_old_ones_stood(text: Annotated, seed: int, share: float) -> None:
    pool = {"PER": ["Ng", "María del Carmen Núñez"], "LOC": ["Reykjavík"], "ORG": []}
    changed = with_other_names(text, pool, random.Random(seed), share)
    assert rest(changed) == rest(text)
    for (surface, kind), (old, _) in zip(surfaces(changed), surfaces(text), strict=True):
        is_other = surface in pool[kind] or surface in [other.replace(" ", "") for other in pool[kind]]
        assert is_other or (surface == old and (share < 1 or kind == "ORG"))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [("ja", "[LOC 東京]で", "ニュー東京で"), ("ko", "[LOC 서울] 시", "ニュー 東京 시"), ("en", "[LOC Rome]!", "ニュー 東京!")],
)
def test_japanese_without_blanks_gets_names_without(language: str, text: str, expected: str) -> None:
    changed = with_other_names(marked(language, text), {"LOC": ["ニュー 東京"]}, random.Random(1), 1.0)
    assert changed.text == expected


def rest(text: Annotated) -> list[str]:
    """What stands between the names."""
    edges = [0, *(edge for name in text.names or () for edge in (name.start, name.end)), len(text.text)]
    return [text.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
