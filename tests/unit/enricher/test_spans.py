"""Label probabilities to spans of words."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from services.enricher.spans import decode, read_words
from services.enricher.stage import Floats, Window
from tests.support.encodings import row, window


def labels(*rows: Floats) -> Floats:
    return np.array(rows, np.float32)


def test_a_name_begins_with_b_and_goes_on_with_i() -> None:
    assert decode(labels(row(), row(B_PER=0.9), row(I_PER=0.9), row(), row(B_LOC=0.8))) == [(1, 3, "PER"), (4, 5, "LOC")]


def test_two_names_side_by_side_stay_two() -> None:
    assert decode(labels(row(B_PER=0.9), row(B_PER=0.9))) == [(0, 1, "PER"), (1, 2, "PER")]


def test_an_inside_without_a_beginning_gets_one() -> None:
    assert decode(labels(row(), row(I_ORG=0.6, B_ORG=0.3), row(I_ORG=0.9))) == [(1, 3, "ORG")]


def test_the_kind_never_changes_inside_a_name() -> None:
    spans = decode(labels(row(B_PER=0.9), row(I_LOC=0.6, I_PER=0.3), row(I_PER=0.9)))
    assert spans == [(0, 3, "PER")]


def test_it_is_the_likeliest_of_all_sequences_that_may_be() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        found = random.dirichlet([0.4] * 9, size=4).astype(np.float32)
        found[:, 0] = np.minimum(found[:, 0], 0.9)  # no word is surely no name
        logs = np.log(np.maximum(found, 1e-9))
        likeliest = max(filter(may_be, product(range(9), repeat=4)), key=lambda path: logs[range(4), path].sum())
        assert decode(found) == decode(np.eye(9, dtype=np.float32)[list(likeliest)])


def may_be(path: Sequence[int]) -> bool:
    return all(label == 0 or label % 2 or before in (label, label - 1) for before, label in pairwise((0, *path)))


def test_a_word_that_is_surely_no_name_parts_its_neighbours() -> None:
    rows = labels(row(B_ORG=0.9), row(I_ORG=0.045), row(I_ORG=0.94, B_ORG=0.035))
    assert decode(rows) == [(0, 1, "ORG"), (2, 3, "ORG")]
    assert decode(np.delete(rows, 1, axis=0)) == [(0, 2, "ORG")]


def test_nothing_has_no_names() -> None:
    assert decode(np.zeros((0, 9), np.float32)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Žofie’s (İzmir)", ["Žofie", "’", "s", "(", "İzmir", ")"]),
        ("في باكو، أمس", ["في", "باكو", "،", "أمس"]),
        ("नई दिल्ली।", ["नई", "दिल्ली", "।"]),
        ("Goal 🎉!", ["Goal", "🎉", "!"]),
    ],
)
def test_words_are_runs_of_letters_signs_and_digits(text: str, words: list[str]) -> None:
    found = read_words(text, [window(text)])
    assert [text[start:end] for start, end in found.edges] == words
    assert len(found.labels) == len(found.prefixes) == len(found.stances) == len(words)


def pieced(text: str, offsets: list[tuple[int, int]], *rows: Floats) -> Window:
    """A window of these pieces; the second number of each stance is the piece's place."""
    base = window(text)
    count = len(offsets)
    return replace(
        base,
        offsets=np.array(offsets, np.int32),
        entities=labels(*rows),
        prefixes=np.zeros((count, 4), np.float32),
        stances=np.array([(0, place, 0) for place in range(count)], np.float32),
    )


def test_a_word_has_the_numbers_of_its_first_piece() -> None:
    in_pieces = pieced("Baku burns", [(0, 2), (2, 4), (5, 10)], row(B_LOC=0.7), row(B_PER=1.0), row())
    found = read_words("Baku burns", [in_pieces])
    assert found.edges == [(0, 4), (5, 10)]
    assert found.labels[0].argmax() == 5
    assert found.stances[:, 1].tolist() == [0, 2]


def test_in_scripts_without_blanks_the_pieces_are_words() -> None:
    text = "我在北京。"
    in_pieces = pieced(text, [(0, 1), (1, 2), (2, 4), (4, 5)], row(), row(), row(B_LOC=0.9), row())
    found = read_words(text, [in_pieces])
    assert [text[start:end] for start, end in found.edges] == ["我", "在", "北京", "。"]


def test_a_piece_that_only_says_where_a_word_begins_is_none() -> None:
    text = "ไทยแพ้"
    found = read_words(text, [pieced(text, [(0, 1), (0, 3), (3, 6)], row(), row(B_LOC=0.9), row())])
    assert [text[start:end] for start, end in found.edges] == ["ไทย", "แพ้"]
    assert found.labels[0].argmax() == 5


def test_nothing_has_no_words() -> None:
    assert read_words("", []).edges == []
