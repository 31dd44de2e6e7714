"""Reads docker-compose.yml: services, durations, sizes and the variables that it fills in from outside."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FILLED_IN = re.compile(r"\$\{(?P<name>\w+):-(?P<default>[^}]*)\}")

Service = dict[str, Any]


def read_compose(path: Path) -> dict[str, Any]:
    """The file as it is written, anchors and merges resolved."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(path)
    return document


def seconds(duration: str) -> float:
    """`1m30s` as 90.0."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"not a duration: {duration!r}")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def with_defaults(value: str) -> str:
    """The value when nothing is set outside: `${PORT:-9092}` as 9092."""
    return _FILLED_IN.sub(lambda match: match["default"], value)


def container_port(published: str) -> tuple[str, int]:
    """The host address and the container's port of a short-form entry: `127.0.0.1::9464` as ("127.0.0.1", 9464)."""
    host, _, port = with_defaults(published).split(":")
    return host, int(port)


def broker_properties(service: Service) -> dict[str, str]:
    """The broker's properties, made from the variables as Apache's image does it (kafka.docker.KafkaDockerWrapper)."""
    variables = {name: str(value) for name, value in service["environment"].items()}
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): with_defaults(value)
        for name, value in variables.items()
        if name.startswith("KAFKA_") and name not in PROCESS_VARIABLES
    }


# What the image hands to the process and not to the broker's configuration (from the same class, Kafka 4.3.0).
PROCESS_VARIABLES = frozenset(
    {
        "KAFKA_VERSION",
        "KAFKA_HEAP_OPTS",
        "KAFKA_LOG4J_OPTS",
        "KAFKA_OPTS",
        "KAFKA_JMX_OPTS",
        "KAFKA_JVM_PERFORMANCE_OPTS",
        "KAFKA_GC_LOG_OPTS",
        "KAFKA_LOG4J_ROOT_LOGLEVEL",
        "KAFKA_LOG4J_LOGGERS",
        "KAFKA_TOOLS_LOG4J_LOGLEVEL",
        "KAFKA_JMX_HOSTNAME",
    }
)
