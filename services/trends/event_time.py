"""When an article counts: its event time, made only from what its record says (pure, never the wall clock)."""

from datetime import datetime, timedelta

from schemas.publication_date import PublicationDate

BUCKET_S = 900
"""Length of a bucket, in seconds."""

# Publishers' clocks run ahead by some minutes; more than this is a wrong time zone or an embargo date.
_SKEW_S = 300
_PRECISE = ("minute", "second")
# Times are kept in 32 bits without a sign: 1970 to 2106.
_LATEST_S = 2**32 - 1
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_SECOND = timedelta(seconds=1)


def event_time(published_at: PublicationDate | None, collected_at: datetime, record_timestamp_ms: int, retention_s: int) -> int:
    """Seconds since 1970 UTC that an article counts at.

    When it was published, if that is stated to the minute or second, lies not more than `retention_s` before it was
    collected, and not more than five minutes after (up to these it counts when it was collected). Else when it was collected.
    The time of collection is believed only up to the record's own timestamp, which the broker checks: a collector whose clock
    is ahead can't carry the stream's time away, and with it all that would then seem too old.
    """
    collected = collection_time(collected_at, record_timestamp_ms)
    if published_at is None or published_at.precision not in _PRECISE:
        return collected
    published = _seconds(published_at.value)
    if not collected - retention_s <= published <= collected + _SKEW_S:
        return collected
    return max(min(published, collected), 0)


def collection_time(collected_at: datetime, record_timestamp_ms: int) -> int:
    """Seconds since 1970 UTC: when it was collected, but never after the record's own timestamp."""
    return min(max(min(_seconds(collected_at), record_timestamp_ms // 1000), 0), _LATEST_S)


def bucket_of(event_time_s: int) -> int:
    """The number of the quarter of an hour, counted from 1970 UTC, that the time (in seconds) lies in."""
    return event_time_s // BUCKET_S


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _SECOND
