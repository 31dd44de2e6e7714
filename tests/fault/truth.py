"""What each raw record must become, computed without Kafka and without faults: the value is a pure function of the input."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.codec import MAX_BODY_BYTES
from schemas.topics import NEWS_ENRICHED, NEWS_RAW_DLQ
from services.enricher.assemble import models_of
from services.enricher.decode import Arrived, Withdrawn, decode
from services.enricher.pipeline import Pipeline
from services.enricher.settle import Decoded, Published, Settled, articles, settle
from services.enricher.stage import Stage
from services.runtime.records import Record
from tests.fault.stages import CRASH, pure

UNREADABLE, CRASHED = "unreadable", "crashed_worker"


@dataclass(frozen=True, slots=True)
class Expected:
    """The one outcome: its topic, what its key and value are, and its class when it is a dead letter."""

    topic: str
    digest: bytes
    error_class: str | None = None


class Truth:
    """The outcomes by these stages; a text that ends the process becomes a dead letter."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._pipeline = Pipeline(pure(stages))
        self._models = models_of(self._pipeline.stages)

    def __call__(self, records: Sequence[Record]) -> list[Expected]:
        """One for each record, in order."""
        decoded = [decode(record, MAX_BODY_BYTES) for record in records]
        settled = settle(records, decoded, self._pipeline(articles(decoded)), self._models)
        return [
            dead(record, CRASHED) if _is_deadly(arrived) else _expected(record, each)
            for record, arrived, each in zip(records, decoded, settled, strict=True)
        ]


def _is_deadly(decoded: Decoded) -> bool:
    return isinstance(decoded, Arrived) and CRASH in (decoded.article.text or "")


def _expected(record: Record, settled: Settled) -> Expected:
    if isinstance(settled, Published):
        message = settled.outcome.message
        return Expected(message.topic, digest(message.key, message.value))
    if isinstance(settled, Withdrawn):
        return Expected(NEWS_ENRICHED.name, digest(settled.article_id.encode(), None))
    return dead(record, settled.error_class)


def dead(record: Record, error_class: str) -> Expected:
    """A dead letter keeps the bytes; Kafka's clients refuse a record with neither key nor value."""
    key = b"" if record.key is None and record.value is None else record.key
    return Expected(NEWS_RAW_DLQ.name, digest(key, record.value), error_class)


def digest(key: bytes | None, value: bytes | None) -> bytes:
    """Tells any two pairs of key and value apart."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in (key, value):
        hashed.update(b"-" if part is None else b"+%d:" % len(part))
        hashed.update(part or b"")
    return hashed.digest()
