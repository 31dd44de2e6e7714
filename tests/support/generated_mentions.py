"""Mentions of made-up names over days, by quarter of an hour, with bursts planted in the last hour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY = 96
HOUR = 4


@dataclass(frozen=True)
class Planted:
    """What was generated."""

    mentions: NDArray[np.int64]
    """Names × buckets."""
    is_burst: NDArray[np.bool_]
    """By name."""


def generate(
    seed: int,
    names: int = 5_000,
    planted: int = 200,
    days: float = 7,
    steadiness: tuple[float, float] | None = (5, 30),
    rhythm: tuple[float, float] = (0.3, 0.9),
) -> Planted:
    """Names with base rates from 0.05 to 63 an hour, evenly by magnitude.

    Each has a daily rhythm (1 + a cos t with a from the range given), about the same time of day for all, as for outlets of one
    region. Of every second name the rate also changes from hour to hour by a Gamma factor of mean 1 and a shape from the range
    `steadiness`: its counts are negative binomial then, variance m + m² / shape. A planted burst is the last hour at 3 to 20
    times the rate.
    """
    chance = np.random.default_rng(seed)
    buckets = int(days * DAY)
    angle = (np.arange(buckets) - buckets) / DAY * 2 * np.pi + chance.uniform(0, 2 * np.pi)
    phase, depth = chance.normal(0, 0.5, (names, 1)), chance.uniform(*rhythm, (names, 1))
    rates = 10 ** chance.uniform(-1.3, 1.8, (names, 1)) / HOUR * (1 + depth * np.cos(angle + phase))
    if steadiness is not None:
        shape = chance.uniform(*steadiness, (names // 2, 1))
        factors = chance.gamma(shape, 1 / shape, (names // 2, -(-buckets // HOUR)))
        rates[::2] *= np.repeat(factors, HOUR, axis=1)[:, -buckets:]
    is_burst = np.zeros(names, np.bool_)
    is_burst[chance.choice(names, planted, replace=False)] = True
    rates[is_burst, -HOUR:] *= chance.uniform(3, 20, (planted, 1))
    return Planted(chance.poisson(rates), is_burst)
