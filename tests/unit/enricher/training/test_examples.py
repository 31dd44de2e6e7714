"""Labels stand where the encoder reads them: at the first piece of each word."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from services.enricher.spans import LABELS as SERVED
from services.enricher.spans import words_of
from services.enricher.training.annotated import UNKNOWN, Annotated
from services.enricher.training.examples import LABELS, MAX_TOKENS, Example, covering, examples
from tests.support.marked import marked
from tests.support.tokenizing import tokenizer

WORDS = tokenizer("▁Žof", "ie", "▁Nov", "áková", "▁in", "▁Bad", "▁Kö", "ln", letters="abcdefghijklmnopqrstuvwxyzOB.,-")
ARABIC = tokenizer("▁قال", "▁زيد", "▁و", "عمر", "▁لل", "مدينة", "▁في", "،", letters="ابتثجحخدذرزسشصضطظعغفقكلمنهوي")
JAPANESE = tokenizer("▁", "山田", "太郎", "は", "東京", "都", "に", "住む", "。")


def one(text: Annotated, by: Tokenizer = WORDS) -> Example:
    (example,) = examples([text], by)
    return example


def labels(example: Example) -> list[str]:
    """The labels of all tokens, "-" where nothing is to be learnt."""
    return [LABELS[place] if place != UNKNOWN else "-" for place in example.entities.tolist()]


def test_labels_are_those_that_are_served() -> None:
    assert LABELS == SERVED


def test_only_a_words_first_piece_is_labelled() -> None:
    example = one(marked("de", "[PER Žofie Nováková] in [LOC Bad Köln].", stance=2))
    assert labels(example) == ["B-PER", "-", "I-PER", "-", "O", "B-LOC", "I-LOC", "-", "O"]
    assert example.stances.tolist() == [2, -1, 2, -1, -1, 2, 2, -1, -1]
    assert example.prefixes.tolist() == [0, -1, -1, -1, -1, 0, -1, -1, -1]


def test_names_side_by_side_stay_two() -> None:
    assert labels(one(marked("de", "[PER Žofie] [LOC Köln]"))) == ["B-PER", "-", "B-LOC", "-"]


def test_a_prefix_is_told_at_the_words_first_piece() -> None:
    text = marked("ar", "قال زيد و[PER عمر] في لل[LOC مدينة]", prefix=1)
    example = one(text, ARABIC)
    assert labels(example) == ["O", "O", "B-PER", "-", "O", "B-LOC", "-"]
    assert example.prefixes.tolist() == [-1, -1, 1, -1, -1, 1, -1]


@pytest.mark.parametrize(("prefix", "label"), [(UNKNOWN, UNKNOWN), (0, 0), (2, 2), (3, 3), (4, 3)])
def test_at_most_three_letters_of_prefix_are_told(prefix: int, label: int) -> None:
    assert one(marked("de", "[PER Žofie] in", prefix=prefix)).prefixes[0] == label


def test_every_piece_is_a_word_where_words_touch_each_other() -> None:
    """But for the first, which only says that a word begins."""
    example = one(marked("ja", "[PER 山田太郎]は[LOC 東京都]に住む。"), JAPANESE)
    assert labels(example) == ["-", "B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O", "O", "O"]


def test_a_text_without_names_has_nothing_to_be_learnt_by_token() -> None:
    example = one(Annotated("test", "de", "Žofie in Köln", names=None, sentiment=1))
    for row in (example.entities, example.prefixes, example.stances):
        assert row.tolist() == [UNKNOWN] * len(example.ids)


def test_a_text_whose_names_are_marked_but_has_none_is_outside_everywhere() -> None:
    assert labels(one(Annotated("test", "de", "in Bad.", names=()))) == ["O", "O", "O"]


def test_long_texts_lose_their_end() -> None:
    example = one(marked("de", "in " * 200 + "[LOC Bad]"))
    assert len(example.ids) == MAX_TOKENS
    assert set(labels(example)) == {"O"}


def test_texts_of_one_token_are_left_out_and_the_others_stay_in_order() -> None:
    texts = [marked("de", text) for text in ("in Bad", "in", "", "Bad in")]
    assert [example.of.text for example in examples(texts, WORDS)] == ["in Bad", "Bad in"]


def test_many_texts_are_the_same_as_one_after_the_other() -> None:
    texts = [marked("de", f"[LOC {'Bad ' * (number % 3 + 1)}Köln] in") for number in range(4_001)]
    found = list(examples(texts, WORDS))
    assert [example.of for example in found] == texts
    assert np.array_equal(found[-1].entities, one(texts[-1]).entities)


def test_tokens_of_blanks_are_left_out_and_others_begin_behind_them() -> None:
    text = "  a\u00a0b "
    assert covering(text, [7, 8, 9, 6], [(0, 1), (1, 3), (3, 5), (5, 6)]) == ([8, 9], [(2, 3), (4, 5)])


@pytest.mark.parametrize(
    ("text", "tokens", "words"),
    [
        ("Žofie in", [(0, 2), (2, 5), (6, 8)], [(0, 5, 0), (6, 8, 2)]),
        ("東京都に", [(0, 2), (2, 3), (3, 4)], [(0, 2, 0), (2, 3, 1), (3, 4, 2)]),
        ("東京", [(0, 0), (0, 1), (1, 2)], [(0, 1, 1), (1, 2, 2)]),  # a token that only marks where a word begins
        ("東京Aは", [(0, 3), (3, 4)], [(0, 2, 0), (2, 3, 0), (3, 4, 1)]),  # two words begin in one piece
        ("Oslo won", [(0, 4)], [(0, 4, 0)]),  # the rest is in another window
        ("", [], []),
    ],
)
def test_words_have_the_number_of_their_first_token(
    text: str, tokens: list[tuple[int, int]], words: list[tuple[int, int, int]]
) -> None:
    assert list(words_of(text, tokens)) == words
