"""Texts made of tokens: where blanks stand, and that every token is found at its place."""

import pytest

from services.enricher.evaluation.joining import joined


@pytest.mark.parametrize(
    ("language", "tokens", "text"),
    [
        ("de", ["Größe", "(", "laut", "Zürich", ")", ":", "5", "%", "."], "Größe (laut Zürich): 5%."),
        ("ar", ["قالت", "باكو", "،", "أمس", "؟"], "قالت باكو، أمس؟"),
        ("he", ["ירושלים", ",", "חיפה"], "ירושלים, חיפה"),
        ("hi", ["दिल्ली", "में", "।"], "दिल्ली में।"),
        ("zh", ["巴库", "宣布", "，", "停火", "。"], "巴库宣布，停火。"),
        ("zh", ["Alpha", "Go", "围棋"], "Alpha Go围棋"),
        ("ja", list("東京都のA社"), "東京都のA社"),
        ("th", ["ก", "รุ", "ง", "เท", "พ"], "กรุงเทพ"),
        ("ko", list("서울시는"), "서울시는"),
        ("ko", ["서울시는", "오늘"], "서울시는 오늘"),
        ("en", ["It", "'s", "🎉", "now", "!"], "It's 🎉 now!"),
    ],
)
def test_a_text_reads_as_in_its_language(language: str, tokens: list[str], text: str) -> None:
    found, edges = joined(tokens, language)
    assert found == text
    assert [found[start:end] for start, end in edges] == tokens


def test_an_empty_token_takes_no_place() -> None:
    text, edges = joined(["a", "", "b"], "en")
    assert [text[start:end] for start, end in edges] == ["a", "", "b"]
