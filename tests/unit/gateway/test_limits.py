"""Rates and quotas, by a clock that the test sets."""

from dataclasses import dataclass

import pytest

from services.gateway.errors import Refused
from services.gateway.keys import Key, hash_of
from services.gateway.limits import DAY_S, Limits


@dataclass
class Time:
    """Two clocks that go together."""

    s: float = 20_000.0 * DAY_S + 3_600

    def __call__(self) -> float:
        return self.s


def key(name: str = "herald", **more: float) -> Key:
    return Key.model_validate({"id": name, "hashes": (hash_of(name),), **more})


def taken(limits: Limits, who: Key, times: int) -> int:
    """How many of so many requests are let in."""
    count = 0
    for _ in range(times):
        try:
            limits.take_request(who)
        except Refused:
            continue
        count += 1
    return count


def test_a_burst_passes_then_the_rate_and_each_key_has_its_own() -> None:
    time = Time()
    limits, who = Limits(time, time), key(requests_per_s=10, burst=5)
    assert taken(limits, who, 20) == 5
    assert taken(limits, key("other", requests_per_s=1, burst=1), 3) == 1
    time.s += 0.31
    assert taken(limits, who, 20) == 3
    time.s += 1_000
    assert taken(limits, who, 20) == 5


def test_a_refusal_says_when_to_come_again_and_it_is_true() -> None:
    time = Time()
    limits, who = Limits(time, time), key(requests_per_s=0.2, burst=1)
    limits.take_request(who)
    with pytest.raises(Refused) as refused:
        limits.take_request(who)
    time.s += int(refused.value.headers["Retry-After"])
    limits.take_request(who)


def test_the_quota_is_a_days_and_begins_again_at_midnight_utc() -> None:
    time = Time()
    limits, who = Limits(time, time), key(articles_per_day=3)
    limits.count_earlier("herald", int(time.s // DAY_S), 1)
    limits.count_earlier("herald", int(time.s // DAY_S) - 1, 100)
    for _ in range(2):
        limits.take_article(who)
    with pytest.raises(Refused) as refused:
        limits.take_article(who)
    assert refused.value.headers["Retry-After"] == str(23 * 3_600 + 1)
    time.s += 23 * 3_600
    limits.take_article(who)
