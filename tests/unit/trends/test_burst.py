"""What is unusual: bursts are found, rhythms and busy names aren't taken for them."""

import random
from dataclasses import dataclass

import numpy as np
import pytest

from services.trends.burst import MINIMUM_MENTIONS, MINIMUM_SCORE, burst, upper_bound
from tests.support.generated_mentions import DAY, HOUR, Planted, generate

WEEK = 7 * DAY


@dataclass(frozen=True)
class Found:
    """What was found of bursts with the mentions that one needs."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)

    def __add__(self, other: "Found") -> "Found":
        return Found(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    def __str__(self) -> str:
        return f"{self.right + self.missed} bursts: precision {self.precision:.3f}, recall {self.recall:.3f}"


def found_in(generated: Planted) -> Found:
    countable = generated.mentions[:, -HOUR:].sum(axis=1) >= MINIMUM_MENTIONS
    rising = [burst(int(row[-HOUR:].sum()), row[:-HOUR].tolist(), HOUR).rising for row in generated.mentions[countable]]
    is_found, is_burst = np.array(rising), generated.is_burst[countable]
    return Found(int((is_found & is_burst).sum()), int((is_found & ~is_burst).sum()), int((~is_found & is_burst).sum()))


@pytest.mark.parametrize("seed", range(5))
def test_planted_bursts_are_found_and_little_else(seed: int) -> None:
    found = found_in(generate(seed))
    print(f"seed {seed}, 5,000 names, a week: {found}")
    assert found.precision >= 0.99 and found.recall >= 0.9


# Within its first day the service doesn't know the time of day, and holds back.
@pytest.mark.parametrize(("days", "recall"), [(2.5, 0.9), (1.25, 0.9), (0.5, 0.6)])
def test_also_when_the_service_is_young(days: float, recall: float) -> None:
    found = sum((found_in(generate(seed, days=days)) for seed in range(3)), Found(0, 0, 0))
    print(f"15,000 names, {days} days: {found}")
    assert found.precision >= 0.99 and found.recall >= recall


@pytest.mark.parametrize("steadiness", [(2, 5), (1, 2)], ids=str)
def test_unsteady_names_seldom_seem_to_rise(steadiness: tuple[float, float]) -> None:
    generated = generate(4, planted=0, steadiness=steadiness)
    observed = generated.mentions[:, -HOUR:].sum(axis=1)
    countable = [place for place, count in enumerate(observed) if count >= MINIMUM_MENTIONS]
    rising = sum(burst(int(observed[place]), generated.mentions[place, :-HOUR].tolist(), HOUR).rising for place in countable)
    print(f"shape {steadiness}: {rising} of {len(countable)} names with {MINIMUM_MENTIONS} mentions seem to rise")
    assert len(countable) > 1_000 and rising <= 0.005 * len(countable)


def test_a_daily_rhythm_is_no_burst_at_any_hour() -> None:
    generated = generate(5, names=200, planted=0, steadiness=None, rhythm=(0.9, 0.95))
    for row in generated.mentions[generated.mentions.mean(axis=1) > 2]:
        for end in range(6 * DAY, WEEK, HOUR):
            assert not burst(int(row[end - HOUR : end].sum()), row[: end - HOUR].tolist(), HOUR).rising


def test_a_new_name_with_twenty_copies_rises() -> None:
    for history in (0, 1, HOUR, DAY, WEEK - HOUR):
        assert burst(21, [0] * history, HOUR).rising, history


def test_a_new_name_needs_the_minimum() -> None:
    assert not burst(MINIMUM_MENTIONS - 1, [0] * WEEK, HOUR).rising
    assert burst(MINIMUM_MENTIONS, [0] * WEEK, HOUR).rising


def test_a_steady_name_rises_for_its_first_hour_at_most() -> None:
    chance = np.random.default_rng(6)
    for rate in (3, 20, 300):
        counts = chance.poisson(rate / HOUR, WEEK).tolist()
        started = [burst(sum(counts[end - HOUR : end]), counts[: end - HOUR], HOUR).rising for end in range(HOUR, WEEK)]
        assert not any(started[HOUR:]), rate


def test_without_history_the_most_mentioned_names_score_highest() -> None:
    scores = [burst(mentions, [], HOUR).score for mentions in range(40)]
    assert scores == sorted(set(scores))


@pytest.mark.parametrize("width", [DAY, WEEK])
def test_without_history_nothing_rises_over_a_longer_window(width: int) -> None:
    assert not burst(5_000, [], width).rising


def test_a_burst_over_a_day_is_found_after_some_days() -> None:
    history = [1] * (6 * DAY)
    assert burst(5 * DAY, history, DAY).rising
    assert not burst(DAY + 30, history, DAY).rising


def test_yesterdays_burst_does_not_hide_todays() -> None:
    chance = np.random.default_rng(8)
    history = chance.poisson(2.5, WEEK - HOUR)
    history[-DAY + 40 : -DAY + 48] *= 20
    assert burst(60, history.tolist(), HOUR).rising


def test_what_is_mentioned_very_often_must_double() -> None:
    history = [1_000] * (WEEK - HOUR)
    assert not burst(6_000, history, HOUR).rising
    assert burst(6_000, history, HOUR).score > MINIMUM_SCORE
    assert burst(9_000, history, HOUR).rising


def test_more_mentions_score_higher_and_more_history_lower() -> None:
    assert burst(8, [1] * DAY, HOUR).score < burst(9, [1] * DAY, HOUR).score
    assert burst(8, [1] * DAY, HOUR).score > burst(8, [2] * DAY, HOUR).score


def test_negative_numbers_of_a_half_heard_key_are_nothing() -> None:
    assert burst(-3, [0, -1, -2, 0] * 50, HOUR) == burst(0, [0] * 200, HOUR)


@pytest.mark.parametrize("width", [HOUR, DAY])
def test_a_bound_is_never_below_the_score(width: int) -> None:
    chance = random.Random(9)
    for _ in range(300):
        rate, length = 10 ** chance.uniform(-2.5, 2), chance.choice([0, 3, 40, DAY, 3 * DAY, WEEK - width])
        history = np.random.default_rng(chance.randrange(10**9)).poisson(rate, length).tolist()
        observed = round(chance.uniform(0, 5) * rate * width)
        earlier = np.array([sum(history[len(history) // 7 :])], float)
        (bound,) = upper_bound(np.array([float(observed)]), earlier, np.array([sum(history) > 0]), length, width)
        assert bound >= burst(observed, history, width).score


def test_the_bound_of_a_new_name_is_its_score() -> None:
    for history in (0, 7, WEEK - HOUR):
        (bound,) = upper_bound(np.array([9.0]), np.zeros(1), np.zeros(1, bool), history, HOUR)
        assert bound == burst(9, [0] * history, HOUR).score
