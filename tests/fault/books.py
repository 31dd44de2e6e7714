"""The truth about a run: news.raw itself; each of its offsets has exactly one outcome, and each key keeps its order."""

from collections import Counter
from dataclasses import dataclass

from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION
from tests.support.kafka import Broker, Records

Origin = tuple[int, int]


@dataclass(frozen=True)
class Books:
    """What went in and what came out."""

    inputs: int
    outcomes: int
    lost: tuple[Origin, ...]
    duplicated: tuple[Origin, ...]
    reordered: int
    dead_letters: int

    @property
    def balance(self) -> bool:
        """Nothing lost, nothing twice, nothing out of order."""
        return not self.lost and not self.duplicated and not self.reordered

    def __str__(self) -> str:
        return (
            f"in {self.inputs}, out {self.outcomes}: lost {len(self.lost)}, duplicated {len(self.duplicated)}, "
            f"reordered {self.reordered}, dead letters {self.dead_letters}"
        )


async def close_books(broker: Broker) -> Books:
    """Compares the topics as a read_committed reader sees them."""
    raw = await broker.read(NEWS_RAW.name)
    enriched, dead = await broker.read(NEWS_ENRICHED.name), await broker.read(NEWS_RAW_DLQ.name)
    seen = Counter(_origin(record) for record in (*enriched, *dead))
    expected = {(record.partition, record.offset) for record in raw}
    assert set(seen) <= expected, "an outcome names an input that doesn't exist"
    return Books(
        inputs=len(raw),
        outcomes=sum(seen.values()),
        lost=tuple(sorted(expected - set(seen))),
        duplicated=tuple(sorted(origin for origin, count in seen.items() if count > 1)),
        reordered=_reordered(enriched),
        dead_letters=len(dead),
    )


def _origin(record: object) -> Origin:
    headers = dict(record.headers)  # type: ignore[attr-defined]
    return int(headers[ORIGIN_PARTITION]), int(headers[ORIGIN_OFFSET])


def _reordered(records: Records) -> int:
    """How often a key's record comes before one of an earlier input."""
    latest: dict[bytes | None, Origin] = {}
    count = 0
    for record in records:
        origin = _origin(record)
        count += origin < latest.get(record.key, origin)
        latest[record.key] = max(origin, latest.get(record.key, origin))
    return count
