"""Asks a service over HTTP how it is: /readyz and the numbers of /metrics that an operator looks at first."""

import asyncio
import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT_S = 2.0

# Each service has one of them: what became of the records that it had.
_COUNTERS = frozenset({"newsloom_records_total", "newsloom_gateway_articles_total", "newsloom_handed_over_articles_total"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a service said of itself at one moment."""

    is_ready: bool
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Records so far by outcome: enriched, dead_letter, withdrawn; accepted, duplicate, rejected."""
    lag: int | None = None
    """Records that wait on all its partitions; None before it knows."""

    @property
    def records(self) -> int:
        """All outcomes together."""
        return sum(self.outcomes.values())


async def probe(host: str, port: int) -> Reading | None:
    """The service's reading; None when it doesn't answer yet, or no more."""
    return await asyncio.to_thread(_probe, host, port)


def _probe(host: str, port: int) -> Reading | None:
    # http.client, because it knows no proxies: the service is on this machine.
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        status, _ = _get(connection, "/readyz")
        _, metrics = _get(connection, "/metrics")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return parse_metrics(metrics, is_ready=status == http.HTTPStatus.OK)


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path, headers={"Connection": "close"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode("utf-8", "replace")


def parse_metrics(text: str, is_ready: bool) -> Reading:
    """The reading in a Prometheus text exposition; what isn't one counts as nothing."""
    outcomes: dict[str, int] = {}
    lags: list[float] = []
    try:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except ValueError:
        samples = []
    for sample in samples:
        if sample.name in _COUNTERS:
            outcomes[sample.labels["outcome"]] = int(sample.value)
        elif sample.name == "newsloom_consumer_lag_records":
            lags.append(sample.value)
    return Reading(is_ready, outcomes, int(sum(lags)) if lags else None)
