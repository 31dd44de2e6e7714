"""The health server: verdicts, metrics, a port that is taken."""

import json
import urllib.error
import urllib.request

import pytest

from services.runtime.errors import ConfigurationError
from services.runtime.health import HealthServer, Verdict
from services.runtime.metrics import new_metrics


def get(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_answers_with_the_verdicts_and_the_metrics() -> None:
    metrics = new_metrics()
    metrics.records.labels(outcome="enriched").inc(3)
    alive, ready = Verdict(True, {"loop": "turned"}), Verdict(False, {"joined": False})
    with HealthServer("127.0.0.1", 0, lambda: alive, lambda: ready, metrics.registry) as server:
        assert get(server.port, "/healthz") == (200, json.dumps(alive.details).encode() + b"\n")
        assert get(server.port, "/readyz")[0] == 503
        assert b'newsloom_records_total{outcome="enriched"} 3.0' in get(server.port, "/metrics")[1]
        assert get(server.port, "/else")[0] == 404


def test_taken_port_is_a_clear_error() -> None:
    metrics = new_metrics()
    verdict = Verdict(True, {})
    with (
        HealthServer("127.0.0.1", 0, lambda: verdict, lambda: verdict, metrics.registry) as server,
        pytest.raises(ConfigurationError, match=f"127.0.0.1:{server.port}"),
    ):
        HealthServer("127.0.0.1", server.port, lambda: verdict, lambda: verdict, metrics.registry)
