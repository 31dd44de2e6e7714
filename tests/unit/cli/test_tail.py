"""`tail --lang`."""

import pytest

from services.cli.commands.tail import is_in_language
from tests.support.fetched import FetchedRecord, enriched_record


@pytest.mark.parametrize(
    ("language", "wanted", "expected"),
    [
        ("ar", "ar", True),
        ("zh-Hans", "zh", True),
        ("zh-Hans", "ZH-hans", True),
        ("ast", "as", False),
        ("zh-Hans", "zh-Hant", False),
    ],
)
def test_a_language_matches_itself_and_its_scripts(language: str, wanted: str, expected: bool) -> None:
    assert is_in_language(enriched_record(b"{}", language), wanted) is expected


def test_a_record_without_a_language_matches_none() -> None:
    assert not is_in_language(FetchedRecord("news.enriched", None), "ar")
