"""Windows of whole sentences; each token is answered for exactly once."""

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.enricher.windows import Span, windows


def by_word(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
    """Tokens as SentencePiece gives them: the blank before a word belongs to it."""
    found = [match.span() for match in re.finditer(r"\s*\S{1,4}", text)]
    return [10 + place for place in range(len(found))], found


def answered(text: str, spans: Sequence[Span]) -> list[str]:
    return [text[start:end] for span in spans for start, end in span.offsets[span.first : span.end].tolist()]


def test_whole_sentences_are_packed_until_a_window_is_full() -> None:
    text = "Ana ran. Eva sat. Bo is."
    spans = list(windows("text", text, by_word, 5))
    assert [text[span.offsets[0][0] : span.offsets[-1][1]] for span in spans] == ["Ana ran. Eva sat.", "Bo is."]


def test_offsets_point_into_the_field_without_blanks() -> None:
    text = "  वह आया।  वह गया।"
    assert answered(text, list(windows("text", text, by_word, 50))) == ["वह", "आया।", "वह", "गया।"]


def test_a_long_sentence_is_cut_with_context_on_both_sides() -> None:
    text = " ".join(f"w{place:02}" for place in range(40))
    spans = list(windows("text", text, by_word, 16))
    assert len(spans) > 2
    assert all(len(span.ids) <= 16 for span in spans)
    assert spans[1].first > 0
    assert spans[1].end < len(spans[1].ids)
    assert answered(text, spans) == text.split()


def test_nothing_has_no_windows() -> None:
    assert list(windows("title", " \n", by_word, 10)) == []


@given(st.text(alphabet="aé  .\nاب。水🎉", max_size=200), st.integers(1, 30))
def test_every_token_is_answered_for_once_and_in_order(text: str, size: int) -> None:
    spans = list(windows("text", text, by_word, size))
    assert all(0 < len(span.ids) <= size for span in spans)
    assert re.sub(r"\s", "", "".join(answered(text, spans))) == re.sub(r"\s", "", text)
