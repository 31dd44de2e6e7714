"""The fingerprint stage."""

import pytest

from schemas.raw_article import RawArticle
from services.enricher.stage import ANNOTATED_CODE_POINTS, Draft
from services.enricher.stages.fingerprint import FingerprintStage, simhash

TEXTS = {
    "de": "Die Brücke über den Fluss ist nach neun Jahren wieder offen, sagte die Bürgermeisterin am Montag vor Gästen.",
    "ar": "أعلنت وزارة الدفاع يوم الثلاثاء بدء عملية محلية في الإقليم بعد مقتل ستة من المواطنين بلغمين.",
    "hi": "शहर के पास नदी का पुल नौ साल बाद फिर खुल गया, महापौर ने सोमवार को मेहमानों के सामने यह जानकारी दी।",
    "ja": "市長は月曜日、九年間の工事を経て川にかかる橋が再び開通したと来賓の前で発表した。",
}
EACH_TEXT = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def bits_apart(one: str, other: str) -> int:
    first, second = simhash(one), simhash(other)
    assert first and second
    return (int(first, 16) ^ int(second, 16)).bit_count()


@EACH_TEXT
def test_fingerprint_is_sixteen_hex_digits(text: str) -> None:
    value = simhash(text)
    assert value and len(value) == 16 and int(value, 16)


@EACH_TEXT
def test_case_blanks_and_signs_make_no_difference(text: str) -> None:
    assert simhash(text) == simhash(" — ".join(text.upper().split()) + " 😀!")


@EACH_TEXT
def test_small_edit_is_near_and_another_text_far(text: str) -> None:
    words = text.split() if " " in text else list(text)
    edited = (" " if " " in text else "").join(words[:-1])
    assert bits_apart(text, edited) <= 10
    assert all(bits_apart(text, other) > 16 for other in TEXTS.values() if other != text)


def test_value_never_changes() -> None:
    # Fingerprints of different versions are compared with each other: a new value here is a new method.
    assert simhash(TEXTS["de"]) == "bb633a8a1d0c3d13"


@pytest.mark.parametrize("text", ["", "abc", "1 2 3", "😀😀😀😀😀", "…—!?"])
def test_text_with_fewer_than_four_letters_has_none(text: str) -> None:
    draft = FingerprintStage()([Draft(RawArticle(url="https://bote.example/a", text="x"), text=text)])[0]
    assert draft.fingerprint is None
    assert draft.statuses["fingerprint"] == "low_confidence"


def test_only_the_annotated_beginning_counts() -> None:
    text = "Überraschung " * 8_000
    drafts = [
        Draft(RawArticle(url="https://bote.example/a", text="x"), text=text + end) for end in ("", "ganz anderes Ende " * 5_000)
    ]
    assert len(text) > ANNOTATED_CODE_POINTS
    first, second = FingerprintStage()(drafts)
    assert first.fingerprint == second.fingerprint
    assert first.statuses["fingerprint"] == "truncated"
