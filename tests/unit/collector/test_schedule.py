"""When to ask again."""

import pytest

from services.collector.schedule import backoff_s, next_check_at, next_interval_s, retry_after_s

NOW = 1_741_600_000.0  # Mon, 10 Mar 2025 09:46:40 GMT


def test_a_lively_feed_is_asked_sooner_and_a_quiet_one_later() -> None:
    assert next_interval_s(None, True, 120, 3_600) == 120
    assert next_interval_s(400, True, 120, 3_600) == 200
    assert next_interval_s(400, False, 120, 3_600) == 500
    assert next_interval_s(130, True, 120, 3_600) == 120
    assert next_interval_s(3_500, False, 120, 3_600) == 3_600


@pytest.mark.parametrize(("age", "expected"), [(0, 3_600), (3_599, 3_600), (3_600, 21_600), (30_000, 86_400), (86_400, None)])
def test_re_checks(age: float, expected: float | None) -> None:
    found = next_check_at(NOW, (3_600, 21_600, 86_400), NOW + age)
    assert found == (None if expected is None else NOW + expected)


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 30, 60), (2, 60, 120), (5, 480, 960), (50, 1_800, 3_600)])
def test_backoff_doubles_with_jitter_up_to_a_cap(failures: int, least: float, most: float) -> None:
    assert backoff_s(failures, 60, 3_600, lambda: 0.0) == least
    assert backoff_s(failures, 60, 3_600, lambda: 1.0) == most


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("99999999999999", 3_600),
        ("Mon, 10 Mar 2025 09:48:40 GMT", 120),
        ("Monday, 10-Mar-25 09:48:40 GMT", 120),
        ("Mon, 10 Mar 2025 08:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("١٢٠", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, expected: float | None) -> None:
    assert retry_after_s(header, NOW, 3_600) == expected
