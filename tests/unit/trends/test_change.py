"""Messages that carry changes."""

import pytest

from services.runtime.errors import InvalidRecord
from services.trends.change import Mentions, mentions
from services.trends.keys import TrendKey
from tests.support.counting import cell, change

PERSON = TrendKey("entity", "PER", "इला भट्ट", "hi")
OLD, NEW = cell(5, -1, sentiment=8926, scored=-1), cell(6, 1, sentiment=-10_000, scored=1, source=2**32 - 1)
CHANGES = (
    change(NEW, offset=2**40, partition=3),
    change(NEW, offset=2**40, partition=3, key=PERSON, name="इला भट्ट"),
    change(OLD, NEW, offset=8, partition=1, name=""),
    change(OLD, offset=9, partition=1, name="🎉"),
)


def test_changes_come_back_from_their_message_in_order() -> None:
    found = Mentions.from_bytes(mentions(CHANGES, 1_695_124_800, 1_695_000_000))
    assert found == Mentions(CHANGES, 1_695_124_800, 1_695_000_000)


def test_a_message_without_changes_carries_the_time() -> None:
    assert Mentions.from_bytes(mentions([], 9, 3)) == Mentions((), 9, 3)


def test_what_the_keys_of_an_article_share_is_written_once() -> None:
    keys = [TrendKey("entity", "PER", f"name {number:02}", "en") for number in range(15)]
    size = len(mentions([change(NEW, offset=7, key=key, name=key.name.title()) for key in keys], 9, 3))
    print(f"a message with 15 changes of one article has {size} bytes")
    assert size < 15 * 60


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[2,0,0,[]]", b"[1,0,0]", b"[1,0,0,[[0,0,[[1]],[]]]]", b'[1,0,0,[[0,0,[],[["x","y"]]]]]', b"[1,0,0,[0]]"],
)
def test_other_messages_are_invalid(data: bytes) -> None:
    with pytest.raises(InvalidRecord, match=r"news\.trends\.mentions"):
        Mentions.from_bytes(data)
