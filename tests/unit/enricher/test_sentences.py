"""Sentences in many scripts."""

import pytest

from services.enricher.sentences import MAX_SENTENCE, sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Žádný déšť. Až zítra!", ["Žádný déšť.", "Až zítra!"]),
        ("هل توقفت الحرب؟ نعم، توقفت.", ["هل توقفت الحرب؟", "نعم، توقفت."]),
        ("बारिश हुई। नदी बढ़ी।", ["बारिश हुई।", "नदी बढ़ी।"]),
        ("雨が降った。川があふれた！", ["雨が降った。", "川があふれた！"]),
        ("他说：“来吧。”我走了。", ["他说：“来吧。”", "我走了。"]),
        ("ዝናብ ጣለ። ወንዙ ሞላ።", ["ዝናብ ጣለ።", "ወንዙ ሞላ።"]),
        ("Goal! 🎉 We won.", ["Goal!", "🎉 We won."]),
        ("Title without a stop\n\nFirst line", ["Title without a stop", "First line"]),
        ("“It rained.” She left.", ["“It rained.”", "She left."]),
    ],
)
def test_cuts_at_the_ends_of_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Okelo spoke.",
        "J. K. Rowling wrote it.",
        "It cost 1.9 billion.",
        "am 9. März in Köln",
        "The U.S. and E.U. agreed",
        "т. е. так",
        "see fig. 3 and p. 9",
    ],
)
def test_a_stop_inside_a_sentence_ends_nothing(text: str) -> None:
    assert cut(text) == [text]


def test_a_giant_sentence_is_cut_at_blanks_and_nothing_is_lost() -> None:
    text = "слово " * 2_000
    pieces = cut(text)
    assert max(map(len, pieces)) <= MAX_SENTENCE
    assert " ".join(pieces) == text.strip()


def test_a_giant_word_is_cut_too() -> None:
    assert "".join(cut("字" * 5_001)) == "字" * 5_001


@pytest.mark.parametrize("text", ["", " \n\t ", "\n\n"])
def test_nothing_has_no_sentences(text: str) -> None:
    assert cut(text) == []
