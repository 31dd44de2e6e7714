"""The record of news.trends: what was said of a key in one bucket, and whether the hour that ends with it is unusual (pure)."""

from datetime import UTC, datetime

from schemas import trend as contract
from services.trends.burst import METHOD, VERSION, Burst, burst
from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S, bucket_of
from services.trends.keys import TrendKey

BURST_BUCKETS = 4
"""A record's burst is that of the hour which ends with its bucket: a quarter of an hour alone is too little to tell."""


RETENTION_S = 7 * 24 * 60 * 60


def trend(
    key: TrendKey, counter: Counter, bucket: int, now_s: int, started_s: int, retention_s: int = RETENTION_S
) -> contract.Trend:
    """The record for one bucket.

    `now_s` is the stream's time and `started_s` when its history begins, both in seconds since 1970; `retention_s` is how long
    buckets are kept.
    """
    total = counter.total(bucket, bucket + 1)
    first_seen = counter.first_seen_bucket
    return contract.Trend(
        kind=key.kind,
        type=key.type or None,
        name=key.name,
        label=counter.name or key.name,
        language=key.language,
        window=contract.Window(start=moment(bucket), end=moment(bucket + 1)),
        originals=max(total.originals, 0),
        duplicates=max(total.duplicates, 0),
        sources=total.sources,
        sources_complete=total.sources_complete,
        sentiment=total.sentiment,
        scored=max(total.scored, 0),
        first_seen=moment(bucket if first_seen is None else first_seen),
        burst=shown(window_burst(counter, bucket + 1, BURST_BUCKETS, now_s, started_s, retention_s)),
    )


def window_burst(
    counter: Counter, end_bucket: int, width: int, now_s: int, started_s: int, retention_s: int = RETENTION_S
) -> Burst:
    """The burst of the `width` buckets before `end_bucket`, against what is known of the time before them."""
    start = end_bucket - width
    since = history_start(now_s, started_s, retention_s)
    return burst(sum(counter.mentions(start, end_bucket)), counter.mentions(since, start), width)


def history_start(now_s: int, started_s: int, retention_s: int) -> int:
    """The first bucket that is known whole: the service was watching, and it hasn't expired."""
    return max(bucket_of(started_s) + 1, bucket_of(now_s - retention_s) + 1)


def shown(found: Burst) -> contract.Burst:
    """As a record has it."""
    return contract.Burst(
        score=found.score,
        expected=found.expected,
        observed=found.observed,
        rising=found.rising,
        method=METHOD,
        version=VERSION,
    )


def moment(bucket: int) -> datetime:
    """When the bucket begins."""
    return datetime.fromtimestamp(bucket * BUCKET_S, UTC)
