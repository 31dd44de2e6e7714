"""Every metric of the gateway, in one typed list; labels have few values."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class GatewayMetrics:
    """The metrics of one gateway, in a registry of their own."""

    registry: CollectorRegistry
    requests: Counter
    request_seconds: Histogram
    articles: Counter
    rejections: Counter
    unconfirmed: Gauge
    oldest_seconds: Gauge
    window_articles: Gauge
    body_bytes: Gauge
    ready: Gauge
    loop_lag_seconds: Histogram


def new_gateway_metrics() -> GatewayMetrics:
    """Fresh metrics, all zero."""
    registry = CollectorRegistry()
    return GatewayMetrics(
        registry=registry,
        requests=Counter("newsloom_gateway_requests", "Requests by route and status", ["route", "status"], registry=registry),
        request_seconds=Histogram(
            "newsloom_gateway_request_duration_seconds",
            "From a request's first byte to its answer's last",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        ),
        articles=Counter("newsloom_gateway_articles", "Articles by what became of them", ["outcome"], registry=registry),
        rejections=Counter("newsloom_gateway_rejections", "Articles rejected, by reason", ["reason"], registry=registry),
        unconfirmed=Gauge("newsloom_gateway_unconfirmed_records", "Records that Kafka has not confirmed", registry=registry),
        oldest_seconds=Gauge(
            "newsloom_gateway_oldest_unconfirmed_seconds", "How long the oldest of them has waited", registry=registry
        ),
        window_articles=Gauge("newsloom_gateway_window_articles", "Articles that are known again", registry=registry),
        body_bytes=Gauge("newsloom_gateway_body_bytes", "Memory that bodies take", registry=registry),
        ready=Gauge("newsloom_ready", "1 when articles are taken", registry=registry),
        loop_lag_seconds=Histogram(
            "newsloom_event_loop_lag_seconds", "How late the event loop woke up", buckets=_SECONDS, registry=registry
        ),
    )
