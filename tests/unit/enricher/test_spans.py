"""Label probabilities to spans of words."""

import numpy as np
import pytest

from services.enricher.spans import decode, read_words
from services.enricher.stage import Floats
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


def test_nothing_has_no_names() -> None:
    assert decode(np.zeros((0, 7), np.float32)) == []


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
    edges, rows = read_words(text, [window(text)])
    assert [text[start:end] for start, end in edges] == words
    assert len(rows) == len(words)


def test_a_word_has_the_probabilities_of_its_first_piece() -> None:
    whole = window("Baku burns", {"Baku": [row(B_LOC=0.9)]})
    pieces = np.array([(0, 2), (2, 4), (5, 10)], np.int32)
    in_pieces = type(whole)(
        "text", pieces, labels(row(B_LOC=0.7), row(B_PER=1.0), row()), whole.sentiment, whole.topics, whole.embedding
    )
    edges, rows = read_words("Baku burns", [in_pieces])
    assert edges == [(0, 4), (5, 10)]
    assert rows[0].argmax() == 5


def test_in_scripts_without_blanks_the_pieces_are_words() -> None:
    text = "我在北京。"
    pieces = np.array([(0, 1), (1, 2), (2, 4), (4, 5)], np.int32)
    base = window(text)
    pieced = type(base)("text", pieces, labels(row(), row(), row(B_LOC=0.9), row()), base.sentiment, base.topics, base.embedding)
    edges, _ = read_words(text, [pieced])
    assert [text[start:end] for start, end in edges] == ["我", "在", "北京", "。"]
