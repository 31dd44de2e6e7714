"""Text in no language, and languages that don't exist."""

import random

import pytest

from services.enricher.language_text import normalised
from services.enricher.training.language_code import code
from services.enricher.training.language_invented import Cipher, blend
from services.enricher.training.language_noise import noise

GERMAN = "Die Brücke über den Fluss ist offen"


def test_same_seed_gives_the_same_noise_and_another_other_noise() -> None:
    first, again, other = ([noise(random.Random(seed + place)) for place in range(50)] for seed in (0, 0, 50))
    assert first == again
    assert len(set(first) & set(other)) < 5


def test_noise_is_varied_and_not_long() -> None:
    rng = random.Random(2)
    lines = [noise(rng) for _ in range(400)]
    assert len(set(lines)) > 380
    assert max(map(len, lines)) < 1_000
    assert {"{", "|", "="} <= set("".join(lines))


def test_program_text_is_made_of_the_given_words() -> None:
    text = " ".join(code(random.Random(seed), ["brücke", "мост"]) for seed in range(20))
    assert "brücke" in text.lower() and "мост" in text.lower()
    assert set("()=") <= set(text)


@pytest.mark.parametrize("text", [GERMAN, "Мост через реку снова открыт", "أعلنت وزارة الدفاع بدء عملية", "पुल फिर खुल गया"])
def test_cipher_keeps_the_shape_and_not_the_words(text: str) -> None:
    letters = sorted({letter for letter in text.lower() if letter.isalpha()})
    ciphered = Cipher(random.Random(3), letters)(text)
    assert [len(word) for word in ciphered.split()] == [len(word) for word in text.split()]
    assert set(ciphered) == set(text.lower())
    assert ciphered != text.lower()


def test_cipher_changes_vowels_for_vowels() -> None:
    ciphered = Cipher(random.Random(3), sorted("aeioubcdfg"))("abecidofug")
    assert [letter in "aeiou" for letter in ciphered] == [True, False] * 5


def test_blend_takes_words_or_halves_from_every_vocabulary() -> None:
    rng = random.Random(4)
    lines = [blend(rng, [["brücke"], ["puente"]]).split() for _ in range(20)]
    assert {word for words in lines for word in words} == {"brücke", "puente", "brünte", "puecke"}
    assert all(3 <= len(words) <= 25 for words in lines)
    assert normalised(" ".join(lines[0])) == " ".join(lines[0])
