"""An array is cut at its own commas and brackets, wherever the chunks end."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli import json_array
from services.cli.json_array import elements

LIMIT = 1_000


def values(text: str | bytes, limit: int = LIMIT) -> list[bytes]:
    data = text if isinstance(text, bytes) else text.encode()
    return [element.value for element in elements(io.BytesIO(data), limit)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ("[ ]", []),
        ("[1]", [b"1"]),
        ('[{"a": [1, 2]}, {"b": "],["}]', [b'{"a": [1, 2]}', b'{"b": "],["}']),
        (r'["\"", "\\", "a"]', [rb'"\""', rb'"\\"', b'"a"']),
        ('[{"title": "باكو"}, {"title": "北京"}]', ['{"title": "باكو"}'.encode(), '{"title": "北京"}'.encode()]),
    ],
)
def test_elements_are_the_bytes_between_the_arrays_own_commas(text: str, expected: list[bytes]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1}, {"b": ', [b'{"a": 1}', b'{"b":']),
        ('[{"a": 1}', [b'{"a": 1}']),
        ('[{"a": 1}] x', [b'{"a": 1}', b"x"]),
        ("[1,,2]", [b"1", b"", b"2"]),
    ],
    ids=["cut-short", "no-bracket", "rest", "nothing-between"],
)
def test_what_is_broken_is_an_element_to_be_judged(text: str, expected: list[bytes]) -> None:
    assert values(text) == expected


def test_bytes_that_are_no_text_pass_through() -> None:
    assert values(b'["\xff\xfe", 1]') == [b'"\xff\xfe"', b"1"]


def test_an_element_knows_its_line() -> None:
    assert [element.line for element in elements(io.BytesIO(b'[\n {"a":\n 1},\n\n 2]'), LIMIT, line=3)] == [4, 7]


def test_a_long_element_is_cut_and_the_next_one_is_whole() -> None:
    found = list(elements(io.BytesIO(b'["' + b"x" * 50 + b'", 2]'), 10))
    assert [(element.value[:3], len(element.value), element.is_cut) for element in found] == [
        (b'"xx', 11, True),
        (b"2", 1, False),
    ]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\[]{},: \néб中'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.lists(JSON_VALUES, max_size=6), st.integers(1, 7), st.sampled_from([None, 1]))
def test_elements_parse_to_what_the_array_holds(items: list[object], chunk_bytes: int, indent: int | None) -> None:
    data = json.dumps(items, ensure_ascii=False, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "_CHUNK_BYTES", chunk_bytes)
        found = [json.loads(value) for value in values(data, 10_000)]
    assert found == items
