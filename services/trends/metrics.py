"""The metrics of the trends service; names as everywhere (services/runtime/metrics.py)."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class TrendsMetrics:
    """In a registry of their own."""

    registry: CollectorRegistry
    records: Counter
    duplicates: Counter
    originals: Gauge
    counters: Counter
    published: Counter
    expired: Counter
    lag: Gauge
    event_time: Gauge
    loop_lag_seconds: Histogram


def new_metrics() -> TrendsMetrics:
    """Fresh metrics, all zero."""
    registry = CollectorRegistry()
    return TrendsMetrics(
        registry=registry,
        records=Counter(
            "newsloom_records",
            "Records of news.enriched by what became of them: counted, late, withdrawn, repeated, dead_letter",
            ["outcome"],
            registry=registry,
        ),
        duplicates=Counter("newsloom_duplicates", "Articles that were found to be copies", registry=registry),
        originals=Gauge("newsloom_originals", "Articles that new ones are compared with", registry=registry),
        counters=Counter("newsloom_counter_changes", "Changes by whether they were new", ["outcome"], registry=registry),
        published=Counter("newsloom_trends_published", "Records of news.trends", registry=registry),
        expired=Counter("newsloom_expired_keys", "Keys of a table that were too old", ["table"], registry=registry),
        lag=Gauge("newsloom_consumer_lag_records", "Records that wait", ["topic", "partition"], registry=registry),
        event_time=Gauge("newsloom_event_time_seconds", "The stream's own time, seconds since 1970 UTC", registry=registry),
        loop_lag_seconds=Histogram(
            "newsloom_event_loop_lag_seconds", "How late the event loop woke up", buckets=_SECONDS, registry=registry
        ),
    )
