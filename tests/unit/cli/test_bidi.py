"""Right-to-left pieces inside a line are isolated, and nothing of theirs leaks."""

import pytest

from services.cli.bidi import isolated

FSI, PDI = "\u2068", "\u2069"


@pytest.mark.parametrize("text", ["أذربيجان", "ירושלים", "قره‌باغ", "QubitWorks של תל אביב"])
def test_right_to_left_text_is_isolated(text: str) -> None:
    assert isolated(text) == f"{FSI}{text}{PDI}"


@pytest.mark.parametrize("text", ["Zürich", "दिल्ली", "北京", "😀", ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert isolated(text) == text


@pytest.mark.parametrize("control", ["\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u202c"])
def test_the_texts_own_direction_controls_are_taken_out(control: str) -> None:
    assert isolated(f"a{control}b") == "ab"
    assert isolated(f"باكو{control}") == f"{FSI}باكو{PDI}"
