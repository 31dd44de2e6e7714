"""Whether something is mentioned unusually often: what is observed against what its own history makes us expect (pure).

The score is the Freeman–Tukey deviate of a count from its mean, √x + √(x + 1) − √(4 m + 1) (Freeman and Tukey 1950,
Transformations related to the angular and the square root, Ann. Math. Statist. 21, 607–611; in this form Bishop, Fienberg and
Holland 1975, Discrete Multivariate Analysis): for a Poisson count about a standard normal deviate, also for small means, where
a z-score is not. It is divided by the spread that the key's history makes us expect: see expectation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from services.trends.expectation import DAY_BUCKETS, LEAST_RHYTHM, Expectation, Floats, expectation, mean_of

METHOD = "freeman-tukey"
VERSION = "1"

MINIMUM_MENTIONS = 10
"""Fewer never rise. Three times the expected can't be told from chance among thousands of names below that."""

MINIMUM_SCORE = 4.2
"""In standard deviations: by chance once in 75,000 windows, of which there are some 10,000 with enough mentions in a day.

It costs the weakest bursts: of those of 3 to 20 times the rate with ten mentions, 90 to 98 % are found
(tests/unit/trends/test_burst.py).
"""

MINIMUM_RATIO = 2.0
"""Of observed to expected: for what is mentioned a thousand times, a tenth more is significant but no news."""

_FIRST_HOUR = 4


@dataclass(frozen=True, slots=True)
class Burst:
    """How unusual a window is."""

    score: float
    """Deviation of observed from expected, in standard deviations, four decimals."""
    expected: float
    """Mentions, four decimals."""
    observed: int
    """Mentions."""
    rising: bool
    expectation: Expectation
    """What it was held against."""


def burst(observed: int, history: Sequence[int], width: int) -> Burst:
    """How unusual `observed` mentions in a window of `width` buckets are after `history`.

    `history`: mentions by bucket, oldest first, up to where the window begins; as far back as the service was watching, whether
    or not the key was mentioned. Without any, only a window of up to an hour can rise: while a service has watched for less than
    that, everything is new, and nothing can be said of longer windows.
    """
    expected = expectation(history, width)
    score = deviate(observed, expected)
    is_much = observed >= MINIMUM_MENTIONS and observed >= MINIMUM_RATIO * expected.mean and score >= MINIMUM_SCORE
    return Burst(
        score=round(score, 4),
        expected=round(expected.mean, 4),
        observed=max(observed, 0),
        rising=is_much and (len(history) > 0 or width <= _FIRST_HOUR),
        expectation=expected,
    )


def deviate(observed: int, expected: Expectation) -> float:
    """The score, not rounded."""
    observed = max(observed, 0)
    return (sqrt(observed) + sqrt(observed + 1) - sqrt(4 * expected.mean + 1)) / expected.spread


def upper_bound(observed: Floats, earlier: Floats, is_known: NDArray[np.bool_], history: int, width: int) -> Floats:
    """At least what `burst` scores, for many keys at once.

    `observed`: at most so many mentions in the window; `earlier`: at least so many in the `history` buckets before it. Where
    `is_known` is False nothing was before the window; the bound is the score itself then, unless that is negative.
    """
    new = expectation([0] * history, width)
    least = LEAST_RHYTHM if width < DAY_BUCKETS else 1.0
    means = np.where(is_known, least * mean_of(earlier, history, width), new.mean)
    scores = deviates(observed, means, np.where(is_known, 1.0, new.spread))
    # More history makes a spread larger, and that brings a negative score nearer to 0.
    return np.maximum(scores, 0) if history else scores


def deviates(observed: Floats, means: Floats, spreads: Floats) -> Floats:
    """The scores of many keys, rounded."""
    scores: Floats = np.round((np.sqrt(observed) + np.sqrt(observed + 1) - np.sqrt(4 * means + 1)) / spreads, 4)
    return scores
