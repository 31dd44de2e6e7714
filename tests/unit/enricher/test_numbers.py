"""Probabilities from logits."""

import numpy as np
import pytest

from services.enricher.numbers import log_odds, sentiment_of, sigmoid, softmax


def test_softmax_is_stable_and_sums_to_one() -> None:
    assert softmax(np.array([[1000.0, 1000.0], [0.0, -1000.0]])).tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_log_odds_are_the_inverse_of_the_sigmoid() -> None:
    values = np.array([-3.0, 0.0, 2.5])
    assert log_odds(sigmoid(values)) == pytest.approx(values)


def test_log_odds_of_certainty_are_finite() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_a_sentiment_is_the_likeliest_class() -> None:
    found = sentiment_of(np.array([0.1, 0.2, 0.7]))
    assert (found.label, found.score, found.confidence) == ("positive", 0.6, 0.7)
