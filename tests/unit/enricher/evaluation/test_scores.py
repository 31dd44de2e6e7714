"""The numbers that say how good an answer is."""

import pytest

from services.enricher.evaluation.scores import Counts, accuracy, calibration_error, count, in_words, macro_f1


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


@pytest.mark.parametrize(
    ("start", "end", "widened"),
    [(0, 2, (0, 1)), (2, 3, (1, 2)), (1, 3, (0, 2)), (0, 9, (0, 3)), (4, 5, (2, 3))],
    ids=["a word", "the next", "two halves", "beyond the text", "part of the last"],
)
def test_words_that_touch_each_other_are_told_apart(start: int, end: int, widened: tuple[int, int]) -> None:
    words = [(0, 2), (2, 4), (4, 6)]  # "東京大学病院"
    assert in_words({(start, end, "ORG")}, words) == {(*widened, "ORG")}


def test_macro_f1_counts_every_class_of_the_gold_alike() -> None:
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]) == pytest.approx((6 / 7 + 0) / 2)
    assert macro_f1(["a", "b"], ["a", "b"]) == 1.0


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(["a", "b"], ["a", "a"]) == 0.5


class TestCalibrationError:
    """By hand: in each bin the distance of mean confidence and share of right answers, weighted by the bin's size."""

    def test_two_bins(self) -> None:
        # Bins (0.2, 0.4) with one right of two: |0.3 − 0.5|; (0.8, 1.0) with two right: |0.9 − 1|.
        assert calibration_error([1.0, 0.2, 0.8, 0.4], [1, 0, 1, 1], bins=2) == pytest.approx((0.2 + 0.1) / 2)

    def test_bins_have_equally_many_answers_wherever_those_lie(self) -> None:
        # By equal width all four would share a bin and their mistakes would cancel out: 0.
        assert calibration_error([0.91, 0.92, 0.93, 0.94], [1, 1, 1, 1], bins=2) == pytest.approx(0.075)
        assert calibration_error([0.74, 0.75, 0.76, 0.75], [1, 1, 0, 1], bins=4) == pytest.approx((0.26 + 0.25 + 0.25 + 0.76) / 4)

    def test_fewer_answers_than_bins(self) -> None:
        assert calibration_error([0.5], [1]) == pytest.approx(0.5)
        assert calibration_error([0.75, 0.25], [1, 0]) == pytest.approx(0.25)

    def test_sizes_that_do_not_divide(self) -> None:
        # (0.1), (0.5, 0.9): |0.1 − 0| × 1 and |1.4 − 1| together over three answers.
        assert calibration_error([0.1, 0.5, 0.9], [0, 0, 1], bins=2) == pytest.approx(0.5 / 3)

    def test_nothing_answered_is_no_error_at_all(self) -> None:
        assert calibration_error([], []) is None
