"""What a service says of itself, read over HTTP."""

from prometheus_client import CollectorRegistry

from services.cli.probe import Reading, parse_metrics, probe
from services.runtime.health import HealthServer, Verdict
from services.runtime.metrics import new_metrics

HOST = "127.0.0.1"


def served(ready: bool, registry: CollectorRegistry) -> HealthServer:
    return HealthServer(HOST, 0, lambda: Verdict(True, {}), lambda: Verdict(ready, {}), registry)


async def test_a_reading_has_the_counts_and_the_lag_of_all_partitions() -> None:
    metrics = new_metrics()
    metrics.records.labels(outcome="enriched").inc(3)
    metrics.records.labels(outcome="dead_letter").inc()
    metrics.lag.labels(partition=0).set(2)
    metrics.lag.labels(partition=1).set(5)
    with served(True, metrics.registry) as server:
        reading = await probe(HOST, server.port)
    assert reading == Reading(True, {"enriched": 3, "dead_letter": 1}, 7)
    assert reading.records == 4


async def test_a_service_that_is_not_ready_says_so() -> None:
    with served(False, new_metrics().registry) as server:
        assert await probe(HOST, server.port) == Reading(False, {}, None)
        port = server.port
    assert await probe(HOST, port) is None


def test_an_answer_of_something_else_counts_as_nothing() -> None:
    assert parse_metrics("<html>not metrics</html>", is_ready=False) == Reading(False)
