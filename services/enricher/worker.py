"""One batch's journey: decode, enrich, one outcome per record; everything heavy happens off the event loop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from services.enricher.assemble import assemble
from services.enricher.batcher import Batcher, Result
from services.enricher.decode import Arrived, Withdrawn, decode
from services.enricher.outcomes import dead_letter, enriched, unexpected, withdrawn
from services.enricher.stage import Draft, Model
from services.runtime.errors import InvalidRecord
from services.runtime.metrics import Metrics
from services.runtime.records import Outcome, Record

T = TypeVar("T")

Decoded = Arrived | Withdrawn | InvalidRecord


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
        decoded = await self._offload(self._decode_all, records)
        articles = [each for each in decoded if isinstance(each, Arrived)]
        results = await self.batcher([arrived.draft for arrived in articles])
        return await self._offload(self._settle_all, records, decoded, results)

    def rescue(self, record: Record, error: Exception) -> Outcome:
        """The dead letter of a record whose handling raised something that nobody foresaw."""
        return self._dead_letter(record, unexpected(error))

    async def _offload(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)

    def _decode_all(self, records: Sequence[Record]) -> list[Decoded]:
        return [decode(record, self.max_body_bytes) for record in records]

    def _settle_all(self, records: Sequence[Record], decoded: Sequence[Decoded], results: Sequence[Result]) -> list[Outcome]:
        finished = iter(results)
        return [
            self._settle(record, each, next(finished) if isinstance(each, Arrived) else None)
            for record, each in zip(records, decoded, strict=True)
        ]

    def _settle(self, record: Record, decoded: Decoded, result: Result | None) -> Outcome:
        if isinstance(decoded, Withdrawn):
            return withdrawn(record, decoded.article_id)
        if isinstance(decoded, InvalidRecord):
            return self._dead_letter(record, decoded)
        if isinstance(result, Draft):
            return self._publish(record, decoded, result)
        assert isinstance(result, InvalidRecord)
        return self._dead_letter(record, result)

    def _publish(self, record: Record, arrived: Arrived, draft: Draft) -> Outcome:
        for stage, status in draft.statuses.items():
            self.metrics.annotations.labels(stage=stage, status=status).inc()
        try:
            return enriched(record, assemble(arrived, draft, self.models))
        except InvalidRecord as error:
            return self._dead_letter(record, error)
        except ValidationError as error:
            return self._dead_letter(record, unexpected(error))

    def _dead_letter(self, record: Record, error: InvalidRecord) -> Outcome:
        self.metrics.dead_letters.labels(stage=error.stage, error_class=error.error_class).inc()
        return dead_letter(record, error, self.now())
