"""One batch's journey: decode, enrich, one outcome per record; everything heavy happens off the event loop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from services.enricher.batcher import Batcher
from services.enricher.decode import Withdrawn, decode
from services.enricher.outcomes import dead_letter, unexpected, withdrawn
from services.enricher.settle import Decoded, Result, Settled, articles, settle
from services.enricher.stage import Model
from services.runtime.errors import InvalidRecord
from services.runtime.metrics import Metrics
from services.runtime.records import Outcome, Record

T = TypeVar("T")


@dataclass(frozen=True)
class EnrichHandler:
    """The handler of news.raw."""

    batcher: Batcher
    models: Mapping[str, Model]
    executor: Executor
    max_body_bytes: int
    now: Callable[[], datetime]
    metrics: Metrics

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """One outcome per record, in order."""
        decoded = await self._offload(self._decode, records)
        results = await self.batcher(articles(decoded))
        return await self._offload(self._settle, records, decoded, results)

    def rescue(self, record: Record, error: Exception) -> Outcome:
        """The dead letter of a record whose handling raised something that nobody foresaw."""
        return self._dead_letter(record, unexpected(error))

    async def _offload(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)

    def _decode(self, records: Sequence[Record]) -> list[Decoded]:
        return [decode(record, self.max_body_bytes) for record in records]

    def _settle(self, records: Sequence[Record], decoded: Sequence[Decoded], results: Sequence[Result]) -> list[Outcome]:
        settled = settle(records, decoded, results, self.models)
        return [self._outcome(record, each) for record, each in zip(records, settled, strict=True)]

    def _outcome(self, record: Record, settled: Settled) -> Outcome:
        if isinstance(settled, Withdrawn):
            return withdrawn(record, settled.article_id)
        if isinstance(settled, InvalidRecord):
            return self._dead_letter(record, settled)
        for stage, annotation in settled.article.annotations.items():
            self.metrics.annotations.labels(stage=stage, status=annotation.status).inc()
        return settled.outcome

    def _dead_letter(self, record: Record, error: InvalidRecord) -> Outcome:
        self.metrics.dead_letters.labels(stage=error.stage, error_class=error.error_class).inc()
        return dead_letter(record, error, self.now())
