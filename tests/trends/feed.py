"""Publishes a corpus as the enricher would: in transactions, with murmur2 keys; some of its transactions are aborted."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from schemas.topics import NEWS_ENRICHED
from services.runtime.partitioning import partition_of
from services.runtime.sink import new_producer
from tests.support.kafka import Broker
from tests.trends.corpus import ABORTED_RUN, Entry
from tests.trends.recount import Place, Recount

# As many as an enricher's transaction has at most.
_TOGETHER = 32


@dataclass
class Feed:
    """Writes entries; what was committed is entered in the recount, and its place told."""

    producer: AIOKafkaProducer
    recount: Recount
    wrote: Callable[[Place], None]
    rate: float | None = None
    """Records a second at most."""
    committed: int = 0
    aborted: int = 0

    async def publish(self, entries: Iterable[Entry]) -> None:
        """Writes the entries in order; returns when the last transaction has ended."""
        for is_aborted, run in itertools.groupby(entries, lambda entry: entry.is_aborted):
            size = ABORTED_RUN if is_aborted else _TOGETHER
            while together := list(itertools.islice(run, size)):
                await self._write(together, is_aborted)
                await asyncio.sleep(len(together) / self.rate if self.rate else 0)

    async def _write(self, entries: Sequence[Entry], is_aborted: bool) -> None:
        await self.producer.begin_transaction()
        sent = [
            await self.producer.send(
                NEWS_ENRICHED.name,
                key=entry.key,
                value=entry.value,
                partition=partition_of(entry.key, NEWS_ENRICHED.partitions),
                timestamp_ms=entry.timestamp_ms,
            )
            for entry in entries
        ]
        answers = [await each for each in sent]  # confirmed before an abort too: a reader of uncommitted records sees them
        if is_aborted:
            await self.producer.abort_transaction()
            self.aborted += len(entries)
            return
        await self.producer.commit_transaction()
        self.committed += len(entries)
        for entry, answer in zip(entries, answers, strict=True):
            place = (answer.partition, answer.offset)
            self.recount.enter(entry, place)
            self.wrote(place)


@asynccontextmanager
async def open_feed(
    broker: Broker, recount: Recount, wrote: Callable[[Place], None], rate: float | None = None
) -> AsyncIterator[Feed]:
    """A feed for the block."""
    limit = NEWS_ENRICHED.max_message_bytes
    producer = new_producer(broker.bootstrap_servers, broker.settings, limit, transactional_id="made-corpus")
    await producer.start()
    try:
        yield Feed(producer, recount, wrote, rate)
    finally:
        await producer.stop()
