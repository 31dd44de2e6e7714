"""The services that `newsloom up` runs, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """A process of ours: `python -m <module>`, healthy on a port of its own."""

    name: str
    module: str
    health_port_variable: str
    """Environment variable that tells it where to serve /healthz, /readyz and /metrics."""


ENRICHER = Service("enricher", "services.enricher", "ENRICHER_HEALTH_PORT")

GATEWAY = Service("gateway", "services.gateway", "GATEWAY_HEALTH_PORT")
COLLECTOR = Service("collector", "services.collector", "COLLECTOR_HEALTH_PORT")
TRENDS = Service("trends", "services.trends", "TRENDS_HEALTH_PORT")

SERVICES: tuple[Service, ...] = (GATEWAY, COLLECTOR, ENRICHER, TRENDS)
