"""What the collector counts."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class CollectorMetrics:
    """The metrics of one collector, in a registry of their own."""

    registry: CollectorRegistry
    fetches: Counter
    articles: Counter
    handed_over: Counter
    outbox: Gauge
    fetch_seconds: Histogram
    extract_seconds: Histogram
    loop_lag_seconds: Histogram


def new_metrics() -> CollectorMetrics:
    """Fresh metrics, all zero."""
    registry = CollectorRegistry()
    return CollectorMetrics(
        registry=registry,
        fetches=Counter(
            "newsloom_fetches", "Listings and pages asked for, by what became of it", ["kind", "outcome"], registry=registry
        ),
        articles=Counter("newsloom_collected_articles", "Articles found on pages", ["outcome"], registry=registry),
        handed_over=Counter("newsloom_handed_over_articles", "Answers of the gateway", ["outcome"], registry=registry),
        outbox=Gauge("newsloom_outbox_articles", "Articles that wait for the gateway", registry=registry),
        fetch_seconds=Histogram(
            "newsloom_fetch_duration_seconds",
            "One target with its waits, redirects and files of its site",
            buckets=_SECONDS,
            registry=registry,
        ),
        extract_seconds=Histogram(
            "newsloom_extract_duration_seconds", "From a page to an article", buckets=_SECONDS, registry=registry
        ),
        loop_lag_seconds=Histogram(
            "newsloom_event_loop_lag_seconds", "How late the event loop woke up", buckets=_SECONDS, registry=registry
        ),
    )
