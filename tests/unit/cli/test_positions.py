"""Where to begin reading."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.cli.errors import WrongUse
from services.cli.positions import AtMoment, AtOffset, Position, parse_position


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("beginning", "beginning"),
        ("end", "end"),
        ("0", AtOffset(0)),
        ("1234", AtOffset(1234)),
        ("2024-05-31T12:00:00Z", AtMoment(datetime(2024, 5, 31, 12, tzinfo=UTC))),
        ("2024-05-31T12:00:00+03:00", AtMoment(datetime(2024, 5, 31, 12, tzinfo=timezone(timedelta(hours=3))))),
        ("2024-05-31", AtMoment(datetime(2024, 5, 31, tzinfo=UTC))),
    ],
)
def test_a_position_is_a_word_an_offset_or_a_time(text: str, position: Position) -> None:
    assert parse_position(text) == position


@pytest.mark.parametrize("text", ["", "-1", "start", "١٢", "2024-13-01"])
def test_anything_else_is_wrong_use(text: str) -> None:
    with pytest.raises(WrongUse, match="--from is"):
        parse_position(text)
