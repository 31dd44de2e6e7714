"""What the routes need, in one place."""

from dataclasses import dataclass

from services.gateway.door import Door
from services.gateway.guard import Guard
from services.gateway.idempotency import Idempotency
from services.gateway.intake import Intake
from services.gateway.limits import Limits, Room
from services.gateway.metrics import GatewayMetrics
from services.runtime.health import Check
from services.runtime.lifecycle import LoopWatch

# Under which name a request's scope has them.
PARTS = "newsloom.parts"


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """How large and how slow bodies may be, and what Kafka gets to confirm them, in bytes and seconds."""

    article_bytes: int
    batch_bytes: int
    batch_lines: int
    timeout_s: float
    delivery_s: float
    batch_delivery_s: float


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running gateway."""

    door: Door
    intake: Intake
    guard: Guard
    room: Room
    idempotency: Idempotency
    bounds: BodyBounds
    limits: Limits
    metrics: GatewayMetrics
    alive: Check
    ready: Check
    watch: LoopWatch
