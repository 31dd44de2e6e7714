"""One batch's journey: decode, enrich, one outcome per record; everything heavy happens off the event loop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from services.enricher.batcher import Batcher
from services.enricher.decode import decode
from services.enricher.outcomes import dead_letter, unexpected
from services.enricher.settle import Decoded, Result, articles, outcome_of, settle
from services.enricher.stage import Model
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

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """One outcome per record, in order."""
        decoded = await self._offload(self._decode, records)
        results = await self.batcher(articles(decoded))
        return await self._offload(self._settle, records, decoded, results)

    def rescue(self, record: Record, error: Exception) -> Outcome:
        """The dead letter of a record whose handling raised something that nobody foresaw."""
        return dead_letter(record, unexpected(error), self.now())

    async def _offload(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)

    def _decode(self, records: Sequence[Record]) -> list[Decoded]:
        return [decode(record, self.max_body_bytes) for record in records]

    def _settle(self, records: Sequence[Record], decoded: Sequence[Decoded], results: Sequence[Result]) -> list[Outcome]:
        settled = settle(records, decoded, results, self.models)
        return [outcome_of(record, each, self.now()) for record, each in zip(records, settled, strict=True)]
