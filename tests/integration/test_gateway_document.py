"""The OpenAPI document is true: schemathesis asks a running gateway everything that it says."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.support.gateway_process import GatewayProcess
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

EXAMPLES = 1_000 if os.environ.get("NEWSLOOM_LONG_TESTS") else 40

# Not asked: that what the schema forbids is refused. A bad optional field never costs the article, and that is the contract.
CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
)
OPERATIONS = (
    ("POST", "/v1/articles"),
    ("POST", "/v1/articles:batch"),
    ("DELETE", "/v1/articles/{article_id}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
)


@pytest.fixture(scope="module")
async def gateway(broker: Broker) -> AsyncIterator[GatewayProcess]:
    process = GatewayProcess(broker.bootstrap_servers)
    await process.start()
    yield process
    assert await process.end() == 0


def ask(url: str, method: str, path: str) -> Counter[int]:
    """Asks one operation so often; the statuses of the answers. Raises what schemathesis found."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operation, statuses = schema[path][method], Counter[int]()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE))
    def run(case: Any) -> None:
        answer = case.call()
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS))

    run()
    return statuses


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
async def test_the_gateway_answers_as_its_document_says(gateway: GatewayProcess, method: str, path: str) -> None:
    statuses = await asyncio.to_thread(ask, gateway.url, method, path)
    print(f"{method} {path}: {statuses.total()} requests answered as described: {dict(sorted(statuses.items()))}")
    assert min(statuses) < 300, "nothing that was asked was right"
    assert method == "GET" or max(statuses) >= 400, "nothing that was asked was wrong"


async def test_the_document_names_every_route_and_every_error(gateway: GatewayProcess) -> None:
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{gateway.url}/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    found = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert found == set(OPERATIONS)
    push = document["paths"]["/v1/articles"]["post"]["responses"]
    assert {"200", "202", "400", "401", "408", "409", "413", "415", "421", "422", "429", "500", "503"} == set(push)
    problems = [push[status]["content"] for status in push if int(status) >= 400]
    assert all(set(content) == {"application/problem+json"} for content in problems)
    assert "Retry-After" in push["503"]["headers"] and "Retry-After" in push["429"]["headers"]
