"""Fits the few numbers that calibration needs: logistic regression, for two answers and for several."""

import numpy as np

from services.enricher.numbers import Floats64, softmax

_STEPS, _RATE = 800, 0.5
_NEWTON_STEPS = 50
_SHRINKAGE = 0.1


def fit_logistic(rows: Floats64, gold: Floats64) -> Floats64:
    """The weights [columns] that make gold [rows] of 0 and 1 likeliest, less a small L2 penalty; Newton's method."""
    weights = np.zeros(rows.shape[1])
    for _ in range(_NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (likely - gold) + _SHRINKAGE * weights
        curve = (rows * (likely * (1 - likely))[:, None]).T @ rows + _SHRINKAGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return weights


def fit_weight(inputs: Floats64, gold: Floats64) -> float:
    """The weight of log probabilities [rows, classes] that makes gold [rows, classes] likeliest (Newton)."""
    weight = 1.0
    for _ in range(_NEWTON_STEPS):
        likely = softmax(weight * inputs)
        expected = (likely * inputs).sum(axis=1)
        slope = (expected - (gold * inputs).sum(axis=1)).sum()
        curve = ((likely * inputs**2).sum(axis=1) - expected**2).sum()
        weight -= slope / max(curve, 1e-9)
    return float(weight)


def fit_softmax(inputs: Floats64, gold: Floats64) -> tuple[Floats64, Floats64]:
    """Weights [kinds] and bias [classes] for inputs [rows, kinds, classes], gold [rows, classes] of 0 and 1: each kind of
    log probability counts so much, and each class gets so much more. Gradient descent; the bias sums to 0.
    """
    weights, bias = np.ones(inputs.shape[1]), np.zeros(inputs.shape[2])
    for _ in range(_STEPS):
        slope = (softmax(np.einsum("nkc,k->nc", inputs, weights) + bias) - gold) / len(gold)
        weights -= _RATE * np.einsum("nkc,nc->k", inputs, slope)
        bias -= _RATE * slope.sum(axis=0)
    return weights, bias - bias.mean()
