"""First stage: reads news.enriched and hands on what counts of each article, with a signature to find its copies by."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from schemas.topics import NEWS_TRENDS_ARTICLES
from services.trends.dead_letters import read_all
from services.trends.metrics import TrendsMetrics
from services.trends.reading import read
from services.trends.sending import Send, send_all
from services.trends.stage import ends


class Articles:
    """Stateless: the same record gives the same message."""

    name = "articles"

    def __init__(
        self, app: Any, executor: Executor, retention_s: int, metrics: TrendsMetrics, now: Callable[[], datetime]
    ) -> None:
        """Reads in the executor's thread; `now` dates dead letters."""
        self._app, self._executor, self._retention_s, self._metrics, self._now = app, executor, retention_s, metrics, now

    async def handle(self, events: Sequence[Any]) -> None:
        """Every record becomes a message for the next stage or a dead letter."""
        loop = asyncio.get_running_loop()
        sends = await loop.run_in_executor(self._executor, self._sends, events)
        await send_all(self._app.producer, sends)
        for tp, (offset, generation) in ends(events).items():
            self._app.consumer.done(tp, offset, generation)

    def _sends(self, events: Sequence[Any]) -> list[Send]:
        readings, letters = read_all(events, lambda record: read(record, self._retention_s), self._now)
        self._metrics.records.labels(outcome="dead_letter").inc(len(letters))
        return [
            *(Send(NEWS_TRENDS_ARTICLES.name, 0, reading.article_id.encode(), reading.to_bytes()) for _, reading in readings),
            *letters,
        ]
