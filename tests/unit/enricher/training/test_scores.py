"""The numbers that say how good an answer is."""

import pytest

from services.enricher.training.scores import Counts, accuracy, count, in_words, macro_f1


def test_an_answer_is_right_only_exactly() -> None:
    counts = count({(0, 4, "LOC"), (5, 9, "PER")}, {(0, 4, "LOC"), (5, 8, "PER"), (9, 12, "ORG")})
    assert counts == Counts(right=1, wrong=1, missed=2)
    assert counts.precision == 0.5
    assert counts.recall == pytest.approx(1 / 3)
    assert counts.f1 == pytest.approx(0.4)


def test_counts_add_up_and_nothing_is_zero() -> None:
    assert Counts(1, 2, 3) + Counts(1, 0, 0) == Counts(2, 2, 3)
    assert (Counts().precision, Counts().recall, Counts().f1) == (0, 0, 0)


def test_spans_are_widened_to_the_words_they_touch() -> None:
    words = [(0, 6), (7, 12), (12, 13)]  # "وباكو قالت."
    assert in_words({(1, 6, "LOC"), (8, 10, "PER")}, words) == {(0, 1, "LOC"), (1, 2, "PER")}
    assert in_words({(6, 7, "LOC")}, words) == set()


def test_macro_f1_counts_every_class_of_the_gold_alike() -> None:
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]) == pytest.approx((6 / 7 + 0) / 2)
    assert macro_f1(["a", "b"], ["a", "b"]) == 1.0


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(["a", "b"], ["a", "a"]) == 0.5
