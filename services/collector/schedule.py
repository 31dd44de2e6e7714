"""When to ask again: adaptive polling, re-checks, waits after failures, Retry-After (pure)."""

from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

# A feed that had news is asked sooner, one without later; the steps are small downwards and smaller upwards, so that one
# quiet night doesn't make a lively feed slow.
_SOONER, _LATER = 0.5, 1.25

Random = Callable[[], float]
"""A number from 0.0 to below 1.0."""


def next_interval_s(last_s: float | None, had_news: bool, least_s: float, most_s: float) -> float:
    """How long to leave a feed alone now; a new feed begins at the least."""
    if last_s is None:
        return least_s
    return min(max(last_s * (_SOONER if had_news else _LATER), least_s), most_s)


def next_check_at(first_fetched_at: float, after_s: Sequence[float], now: float) -> float | None:
    """When a page is to be asked again; None when all its checks lie behind. Missed ones are made up for by one."""
    coming = [first_fetched_at + after for after in after_s if first_fetched_at + after > now]
    return coming[0] if coming else None


def backoff_s(failures: int, first_s: float, most_s: float, random: Random) -> float:
    """How long to wait after so many failures in a row: doubling, capped, half of it by chance."""
    ceiling = min(most_s, first_s * 2.0 ** min(max(failures, 1) - 1, 30))
    return ceiling * (0.5 + random() / 2)


def retry_after_s(header: str | None, now: float, most_s: float) -> float | None:
    """What a Retry-After header asks for, in seconds from now (RFC 9110 §10.2.3); None when it says nothing readable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        wait = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return min(max(wait, 0.0), most_s)
