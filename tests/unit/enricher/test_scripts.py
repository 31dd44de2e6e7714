"""Scripts: of letters, of texts, of languages."""

import pytest

from schemas.languages import LANGUAGES
from services.enricher.scripts import count_languages, count_letters, dominant_script, published_script, script_of, scripts_of


@pytest.mark.parametrize(
    ("letter", "script"),
    [
        ("é", "Latn"), ("ب", "Arab"), ("ש", "Hebr"), ("न", "Deva"), ("漢", "Hani"), ("か", "Hira"), ("한", "Hang"), ("Ꭳ", "Cher"),
        ("𐌰", "Goth"), ("1", None), ("😀", None), ("ー", None), ("", None),
    ],
)  # fmt: skip
def test_script_of_a_letter(letter: str, script: str | None) -> None:
    assert script_of(letter) == script


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Größe 12 км", "Latn"), ("أعلنت NourGrid يوم أمس", "Arab"), ("हिन्दी में app", "Deva"), ("新幹線の旅", "Jpan"),
        ("東京", "Hani"),
        ("作家村上春樹之新書の在台北書店上市受到讀者歡迎", "Hani"), ("서울의 大學", "Hang"),
        ("😀 123 …", "Zyyy"), ("", "Zyyy"),
    ],
)  # fmt: skip
def test_dominant_script(text: str, script: str) -> None:
    assert dominant_script(count_letters(text)) == script


@pytest.mark.parametrize(
    ("language", "script", "text", "published"),
    [
        ("zh", "Hani", "国家主席访问法国", "Hans"),
        ("zh", "Hani", "國家主席訪問法國", "Hant"),
        ("zh", "Hani", "中文", "Hans"),
        ("ja", "Hani", "東京", "Jpan"),
        ("ko", "Hang", "서울", "Kore"),
        ("sr", "Latn", "Beograd", "Latn"),
    ],
)
def test_published_script(language: str, script: str, text: str, published: str) -> None:
    assert published_script(language, script, text) == published


@pytest.mark.parametrize(
    ("label", "scripts"),
    [
        ("sr", {"Cyrl", "Latn"}), ("ar-Latn", {"Latn"}), ("arz", {"Arab", "Latn"}),
        ("prs", {"Arab", "Latn"}), ("ru-Latn", {"Latn"}), ("ja", {"Jpan", "Hani"}),
        ("yue", {"Hani"}), ("ko", {"Hang"}), ("he", {"Hebr"}), ("xx", {"Zyyy"}),
    ],
)  # fmt: skip
def test_scripts_of_a_language(label: str, scripts: set[str]) -> None:
    assert scripts_of(label) == scripts


def test_every_language_can_be_written_in_its_own_script() -> None:
    assert all(published_script(tag, script, "") for tag in LANGUAGES for script in scripts_of(tag))
    assert all(count_languages(script) for tag in LANGUAGES for script in scripts_of(tag))
