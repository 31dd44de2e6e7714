"""Five languages in Latin letters."""

import random

import pytest

from services.enricher.scripts import count_letters
from services.enricher.training.language_romanise import ROMANISED, serbian

TEXTS = {
    "ar": "أعلنت وزارة الدفاع يوم الثلاثاء بدء عملية محلية في الإقليم",
    "fa": "وزیر خارجه در گفتگو با خبرنگاران از پیشرفت مذاکرات خبر داد",
    "ru": "Мост через реку снова открыт, сообщил мэр в понедельник",
    "el": "Η γέφυρα άνοιξε ξανά μετά από εννέα χρόνια",
    "hi": "शहर के पास नदी का पुल नौ साल बाद फिर खुल गया",
}


def spellings(language: str, count: int = 40) -> list[str]:
    return [ROMANISED[language](random.Random(seed), TEXTS[language]) for seed in range(count)]


@pytest.mark.parametrize("language", TEXTS)
def test_every_letter_becomes_latin(language: str) -> None:
    for spelled in spellings(language):
        assert set(count_letters(spelled)) == {"Latn"}, spelled
        assert len(spelled.split()) >= len(TEXTS[language].split())


@pytest.mark.parametrize("language", TEXTS)
def test_spellings_vary(language: str) -> None:
    assert len(set(spellings(language))) > 5


def test_chat_digits_are_used_in_some_arabic_only() -> None:
    with_digits = [spelled for spelled in spellings("ar") if set(spelled) & set("2356789")]
    assert 10 < len(with_digits) <= 40
    assert any("3" in spelled for spelled in with_digits) and any("7" in spelled for spelled in with_digits)


@pytest.mark.parametrize(
    ("language", "text", "possible"),
    [
        ("ru", "мост", {"most"}),
        ("el", "γέφυρα", {"gefira", "gefyra", "gefura", "gephira", "gephyra", "gephura"}),
        ("hi", "पुल", {"pul"}),
    ],
)
def test_known_words(language: str, text: str, possible: set[str]) -> None:
    assert {ROMANISED[language](random.Random(seed), text) for seed in range(40)} == possible


def test_serbian_is_spelled_exactly() -> None:
    assert serbian("Његова љубав у Ђакову, џеп и чежња") == "Njegova ljubav u Đakovu, džep i čežnja"
