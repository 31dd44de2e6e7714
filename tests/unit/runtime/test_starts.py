"""What is remembered with an offset."""

import pytest

from services.runtime.starts import note_of, starts_of


@pytest.mark.parametrize("starts", [0, 1, 3, 99_999])
def test_a_note_says_how_many_began(starts: int) -> None:
    assert starts_of(note_of(starts)) == starts


@pytest.mark.parametrize("note", ["", "starts=", "starts=x", "starts=-1", "starts=٣", "starts=" + "9" * 50, "3", "أخبار"])
def test_any_other_note_counts_as_none(note: str) -> None:
    assert starts_of(note) == 0
