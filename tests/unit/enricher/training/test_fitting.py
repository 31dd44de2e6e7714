"""Fits find the numbers that answers were drawn with."""

import numpy as np
import pytest

from services.enricher.numbers import softmax
from services.enricher.training.fitting import fit_logistic, fit_softmax, fit_weight

RANDOM = np.random.default_rng(11)


def test_a_logistic_fit_finds_slope_and_shift() -> None:
    odds = RANDOM.normal(size=5_000) * 2
    gold = (RANDOM.random(5_000) < 1 / (1 + np.exp(-(0.7 * odds - 0.4)))).astype(np.float64)
    slope, shift = fit_logistic(np.stack([odds, np.ones_like(odds)], axis=1), gold)
    assert (slope, shift) == (pytest.approx(0.7, abs=0.1), pytest.approx(-0.4, abs=0.1))


def test_a_logistic_fit_stays_finite_where_answers_can_be_told_apart() -> None:
    rows = np.array([[-1.0, 1.0], [-0.5, 1.0], [0.5, 1.0], [1.0, 1.0]])
    slope, shift = fit_logistic(rows, np.array([0.0, 0.0, 1.0, 1.0]))
    assert 1 < slope < 20
    assert shift == pytest.approx(0, abs=1e-6)


def test_a_softmax_fit_finds_the_weight_of_each_kind_and_the_bias() -> None:
    inputs = np.log(RANDOM.dirichlet([1.0] * 3, size=(5_000, 2)))
    likely = softmax(np.einsum("nkc,k->nc", inputs, np.array([0.8, 0.2])) + np.array([0.5, -0.5, 0.0]))
    gold = np.eye(3)[[RANDOM.choice(3, p=row) for row in likely]]
    weights, bias = fit_softmax(inputs, gold)
    assert weights.tolist() == pytest.approx([0.8, 0.2], abs=0.1)
    assert bias.tolist() == pytest.approx([0.5, -0.5, 0.0], abs=0.1)
    assert bias.sum() == pytest.approx(0)


def test_one_weight_is_found() -> None:
    inputs = np.log(RANDOM.dirichlet(np.ones(3), 40_000))
    gold = np.eye(3)[[RANDOM.choice(3, p=row) for row in softmax(0.6 * inputs)]]
    assert fit_weight(inputs, gold) == pytest.approx(0.6, abs=0.03)


def test_what_is_right_already_hardly_changes() -> None:
    inputs = np.log(RANDOM.dirichlet([1.0] * 3, size=(5_000, 1)))
    gold = np.eye(3)[[RANDOM.choice(3, p=np.exp(row[0])) for row in inputs]]
    weights, bias = fit_softmax(inputs, gold)
    assert weights.tolist() == pytest.approx([1.0], abs=0.1)
    assert np.abs(bias).max() < 0.1
