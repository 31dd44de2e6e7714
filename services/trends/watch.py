"""Whether the service is alive and ready, and how far behind it is."""

import asyncio
import time
from typing import Any

from aiokafka.errors import KafkaError

from services.runtime.health import Verdict
from services.runtime.lifecycle import LoopWatch
from services.trends.counters import Counters
from services.trends.metrics import TrendsMetrics

# A table that is read back is read in the loop's own thread, in large pieces.
_LOOP_STUCK_S = 60.0
_LOOK_DEADLINE_S = 2.0

_OK = "ok"


class Watch:
    """Looks once a second, so that the answers need nothing of the event loop."""

    def __init__(self, app: Any, loop: LoopWatch, counters: Counters, metrics: TrendsMetrics) -> None:
        """Not ready until the first look."""
        self._app, self._loop, self._counters, self._metrics = app, loop, counters, metrics
        self._state = "starting"
        self._lag = 0

    async def look(self) -> None:
        """Takes note of how things stand."""
        app = self._app
        self._state = _state(app)
        if self._state != _OK:
            return
        try:
            async with asyncio.timeout(_LOOK_DEADLINE_S):
                lags = {
                    tp: await app.consumer.lag(tp) for tp in app.consumer.assignment() if app.topics.acks_enabled_for(tp.topic)
                }
        except (KafkaError, TimeoutError):
            return  # a partition has just gone, or the broker; look again in a second
        for tp, lag in lags.items():
            self._metrics.lag.labels(topic=tp.topic, partition=str(tp.partition)).set(lag)
        self._lag = sum(lags.values())

    def alive(self) -> Verdict:
        """The event loop turns."""
        silent_s = time.monotonic() - self._loop.turned_at
        return Verdict(silent_s < _LOOP_STUCK_S, {"event_loop_turned_s_ago": round(silent_s, 1)})

    def ready(self) -> Verdict:
        """The tables are read back and records are taken."""
        details = {"state": self._state, "records_behind": self._lag, "partitions_ranked": sorted(self._counters.loaded)}
        return Verdict(self._state == _OK, details)


def _state(app: Any) -> str:
    if not app.started:
        return "starting"
    if not app.consumer.hears_the_group:
        return "the broker is away"
    if app.rebalancing or app.in_recovery:
        return "waiting for the group, or reading the tables back"
    return _OK if app.consumer.assignment() else "no partitions: there are more workers than partitions"
