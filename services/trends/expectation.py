"""How often a thing is to be expected in a window, from its own history: mean and spread (pure).

Three steps, after what outbreak detection does with weekly counts (Farrington, Andrews, Beale and Catchpole 1996, A statistical
algorithm for the early detection of outbreaks of infectious disease, J. R. Stat. Soc. A 159, 547–563): a baseline from the past,
the same season of earlier periods, and a spread wider than Poisson's where the past was.

    mean     (seen + 0.1 prior) / (windows + 0.1), the posterior mean of a Poisson rate whose Gamma prior weighs a tenth of a
             window and expects one mention in two hours
    rhythm   mean is multiplied by what the same time of day, with the windows beside it, had on earlier days against the mean:
             (there + 5) / (expected there + 5), not below a quarter. Only for windows shorter than a day, after a whole day.
    spread   the standard deviation of a count over that of a Poisson count, √(1 + mean / (known + 1) + mean × dispersion).
             `known` mentions are what the mean rests on. The dispersion of a negative binomial, (variance − mean) / mean², is
             estimated by moments from all windows against their own rhythm, and held to 0.03 where little is known, to 0.3
             until a day has passed.

What was a burst itself should not hide the next one: a window counts with at most four times the mean and three.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Seen = TypeVar("Seen", float, Floats)

DAY_BUCKETS = 96

LEAST_RHYTHM = 0.25
"""The quietest time of day is expected to have this share of the mean, however quiet it was."""

# None of these numbers is delicate: with half or twice of any, precision and recall on generated names with a week of history
# (tests/unit/trends/test_burst.py) change by less than 0.02.
_PRIOR_WINDOWS = 0.1
_PRIOR_PER_BUCKET = 0.125
_RHYTHM_PRIOR = 5.0
_DISPERSION, _DISPERSION_WEIGHT = 0.03, 10.0
_FIRST_DAY_DISPERSION = 0.3
_MOST_OF_MEAN, _AND = 4.0, 3.0
# With fewer mentions neither rhythm nor dispersion can be told from chance.
_FEW = 12


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to be expected of a window."""

    mean: float
    """Mentions."""
    spread: float
    """Standard deviation, where that of a Poisson count is 1."""


def expectation(history: Sequence[int], width: int) -> Expectation:
    """What `history` (mentions by bucket, oldest first, up to where the window begins) makes us expect of `width` buckets."""
    seen = max(sum(history), 0)
    mean = mean_of(seen, len(history), width)
    whole_days = len(history) > DAY_BUCKETS
    if seen < _FEW or not whole_days or len(history) < 2 * width:
        return Expectation(mean, _spread(mean, seen, _DISPERSION if whole_days else _FIRST_DAY_DISPERSION))
    windows = _windows(history, width, _MOST_OF_MEAN * mean + _AND)
    if width >= DAY_BUCKETS:
        return Expectation(mean, _spread(mean, seen, _dispersion(windows, np.full(len(windows), mean))))
    means, known = _by_time_of_day(windows, mean, DAY_BUCKETS // width)
    return Expectation(float(means[0]), _spread(float(means[0]), known, _dispersion(windows, _repeated(means, len(windows)))))


def mean_of(seen: Seen, buckets: int, width: int) -> Seen:
    """Mentions expected of `width` buckets after `seen` mentions in so many buckets, whatever the time of day."""
    return (seen + _PRIOR_WINDOWS * _PRIOR_PER_BUCKET * width) / (buckets / width + _PRIOR_WINDOWS)


def _spread(mean: float, known: float, dispersion: float) -> float:
    return sqrt(1 + mean / (known + 1) + mean * dispersion)


def _windows(history: Sequence[int], width: int, most: float) -> Floats:
    """Mentions by window, latest first."""
    count = len(history) // width
    counts = np.asarray(history[len(history) - count * width :], np.float64).reshape(count, width).sum(axis=1)[::-1]
    clipped: Floats = np.clip(counts, 0, most)
    return clipped


def _by_time_of_day(windows: Floats, mean: float, a_day: int) -> tuple[Floats, float]:
    """The mean at each time of day, that of the window itself first, then backwards; and how many mentions its rests on."""
    times = (np.arange(len(windows)) + 1) % a_day
    seen, days = np.bincount(times, windows, a_day), np.bincount(times, minlength=a_day)
    seen, days = (values + np.roll(values, 1) + np.roll(values, -1) for values in (seen, days))
    rhythm = (seen + _RHYTHM_PRIOR) / (mean * days + _RHYTHM_PRIOR)
    return mean * np.maximum(rhythm, LEAST_RHYTHM), float(seen[0]) + _RHYTHM_PRIOR


def _repeated(means: Floats, count: int) -> Floats:
    """The mean of each window, latest first, from those by time of day."""
    return np.take(means, (np.arange(count) + 1) % len(means))


def _dispersion(windows: Floats, means: Floats) -> float:
    excess = float(((windows - means) ** 2 - windows).sum())
    return (max(excess, 0) + _DISPERSION * _DISPERSION_WEIGHT) / (float((means**2).sum()) + _DISPERSION_WEIGHT)
