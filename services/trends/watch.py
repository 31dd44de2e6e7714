"""Whether the service is alive and ready, and how far behind it is."""

import time
from typing import Any

from aiokafka.errors import KafkaError

from services.runtime.health import Verdict
from services.runtime.lifecycle import LoopWatch
from services.trends.counters import Counters
from services.trends.metrics import TrendsMetrics

# A table that is read back is read in the loop's own thread, in large pieces.
_LOOP_STUCK_S = 60.0


class Watch:
    """Looks once a second, so that the answers need nothing of the event loop."""

    def __init__(self, app: Any, loop: LoopWatch, counters: Counters, metrics: TrendsMetrics) -> None:
        """Not ready until the first look."""
        self._app, self._loop, self._counters, self._metrics = app, loop, counters, metrics
        self._is_ready = False
        self._lag = 0

    async def look(self) -> None:
        """Takes note of how things stand."""
        app = self._app
        self._is_ready = bool(app.started and not app.rebalancing and not app.in_recovery and app.consumer.assignment())
        if not self._is_ready:
            return
        try:
            lags = {tp: await app.consumer.lag(tp) for tp in app.consumer.assignment() if app.topics.acks_enabled_for(tp.topic)}
        except KafkaError:
            return  # a partition has just gone; look again in a second
        for tp, lag in lags.items():
            self._metrics.lag.labels(topic=tp.topic, partition=str(tp.partition)).set(lag)
        self._lag = sum(lags.values())

    def alive(self) -> Verdict:
        """The event loop turns."""
        silent_s = time.monotonic() - self._loop.turned_at
        return Verdict(silent_s < _LOOP_STUCK_S, {"event_loop_turned_s_ago": round(silent_s, 1)})

    def ready(self) -> Verdict:
        """The tables are read back and records are taken."""
        state = "ok" if self._is_ready else "reading the tables back, or waiting for the group"
        return Verdict(
            self._is_ready, {"state": state, "records_behind": self._lag, "partitions_ranked": list(self._counters.loaded)}
        )
