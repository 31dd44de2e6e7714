"""Codes of many standards for one language."""

import pytest

from schemas.languages import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("de", "de"),
        ("deu", "de"),
        ("de-CH", "de"),
        ("DE_ch", "de"),
        ("ara", "ar"),
        ("arb_Arab", "ar"),
        ("arb_Latn", "ar"),
        ("arq", "ar"),
        ("zho_Hans", "zh"),
        ("zh-Hant-TW", "zh"),
        ("cmn", "zh"),
        ("yue_Hant", "yue"),
        ("nb", "no"),
        ("nno_Latn", "nn"),
        ("zsm_Latn", "ms"),
        ("sr-Latn", "sr"),
        ("iw", "he"),
        ("pcm", "pcm"),
        ("und", "und"),
    ],
)
def test_a_code_means_a_language(code: str, language: str) -> None:
    assert language_of(code) == language


@pytest.mark.parametrize("code", ["", "x", "12", "german", "de.", "de--CH", "عر", "de CH"])
def test_what_is_no_code_means_none(code: str) -> None:
    assert language_of(code) is None


def test_every_language_of_the_table_is_meant_by_its_tag_and_its_iso_639_3_code() -> None:
    assert {tag: language_of(tag) for tag in LANGUAGES} == {tag: tag for tag in LANGUAGES}
    assert {tag: language_of(known.iso639_3) for tag, known in LANGUAGES.items()} == {tag: tag for tag in LANGUAGES}
