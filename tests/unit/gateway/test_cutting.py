"""A body is cut into the same articles however it arrives."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.cutting import Cutter, Elements, Lines, Piece
from tests.support.gateway import TEXTS

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([*TEXTS, '"', "\\", '\\"', "[{,}]", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def pieces(cutter: Cutter, body: bytes, step: int) -> list[Piece]:
    """What comes out when the body comes in steps of so many bytes."""
    found = [piece for at in range(0, len(body), step) for piece in cutter.feed(body[at : at + step])]
    return found + list(cutter.close())


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_the_elements_of_any_array_come_out_whole_and_in_order(
    values: list[object], step: int, indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = pieces(Elements(10**6), body, step)
    assert [json.loads(piece.value.decode("utf-8", "surrogatepass")) for piece in found] == values
    assert [piece.number for piece in found] == list(range(1, len(values) + 1))


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_lines_come_out_whole_with_their_numbers(values: list[object], step: int, end: bytes, has_end: bool) -> None:
    encoded = [json.dumps(value).encode() for value in values]
    body = end.join(encoded) + (end if has_end and encoded else b"")
    found = pieces(Lines(10**6), body, step)
    assert [(piece.number, piece.value) for piece in found] == list(enumerate(encoded, 1))


@given(st.binary(max_size=200), st.integers(1, 50))
def test_whatever_comes_is_cut_the_same_in_any_steps(body: bytes, step: int) -> None:
    for kind in (Lines, Elements):
        assert pieces(kind(30), body, step) == pieces(kind(30), body, max(1, len(body)))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", [b""]),
        (b"[]", []),
        (b" [ ] \n", []),
        (b"[1,]", [b"1", b""]),
        (b"[,1]", [b"", b"1"]),
        (b"[1", [b"1"]),
        (b"[1,2", [b"1", b"2"]),
        (b'{"a": 1}', [b'{"a": 1}']),
        (b"[1] x", [b"1", b"x"]),
        (b"x [1]", [b"x", b"1"]),
        (b'["]", "\\"]"]', [b'"]"', b'"\\"]"']),
    ],
)
def test_broken_arrays_come_out_as_pieces_that_are_no_json(body: bytes, found: list[bytes]) -> None:
    assert [piece.value for piece in pieces(Elements(1_000), body, 1)] == found


@pytest.mark.parametrize(("cutter", "body"), [(Lines, b"1234567\n12\n"), (Elements, b"[1234567,12]")])
def test_of_a_piece_that_is_too_long_nothing_is_kept(cutter: type[Lines] | type[Elements], body: bytes) -> None:
    growing = cutter(5)
    list(growing.feed(body[:7]))
    assert growing.held_bytes <= 5
    found = pieces(cutter(5), body, 1)
    assert [(piece.value, piece.is_cut) for piece in found] == [(b"", True), (b"12", False)]


def test_a_byte_order_mark_before_the_first_line_is_no_part_of_it() -> None:
    assert [piece.value for piece in pieces(Lines(100), b"\xef\xbb\xbf{}\n{}", 2)] == [b"{}", b"{}"]
