"""Brokers for the suites that need one, and a line at the end that says what they ran on."""

import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.kafka import Broker, broker_lines, started_broker

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before any test imports onnxruntime


@pytest.fixture(scope="module")
async def broker() -> AsyncIterator[Broker]:
    """A throw-away Apache Kafka with every topic of the list, for one module of tests."""
    async with started_broker() as started:
        yield started


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A broker notes the suite that it was started for."""
    broker_lines.suite = item.nodeid.split("::")[0]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several hands its brokers to the one that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["brokers"] = broker_lines.lines


class _Gathered:
    """Hooks that only exist where tests run in several processes."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Takes them."""
        broker_lines.lines += getattr(node, "workeroutput", {}).get("brokers", [])


def pytest_configure(config: pytest.Config) -> None:
    """Listens to other processes, if there are any."""
    config.pluginmanager.register(_Gathered())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which broker each suite ran on."""
    if broker_lines.lines:
        terminalreporter.section("brokers")
        for line, count in Counter(broker_lines.lines).items():
            terminalreporter.line(f"{line} ({count} started)")
