"""Settles what a record of news.enriched changes: is it a copy, and what does that add to, or take from, which counts.

Everything here depends only on the order of the records and on what was settled before, so that settling again after a crash
gives the same answers: that is what the counters' exactness rests on.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from services.trends.article_state import ArticleState, cells_between
from services.trends.change import Change
from services.trends.clock import Clock
from services.trends.event_time import bucket_of
from services.trends.keys import TrendKey
from services.trends.originals import Found, Originals
from services.trends.overlay import Overlay
from services.trends.reading import Reading, Withdrawal
from services.trends.signature import Signature
from services.trends.sources import source_hash

STATE, CLOCK = b"a", b"c"

Outcome = Literal["counted", "late", "withdrawn", "repeated"]


@dataclass(frozen=True, slots=True)
class Copy:
    """What news.duplicates is to say of an article; nothing is left of it when `original` is None."""

    article_id: str
    original: bytes | None
    similarity: int = 0
    group_size: int = 0
    event_time_s: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What one record comes to."""

    outcome: Outcome
    changes: tuple[Change, ...] = ()
    copy: Copy | None = None


@dataclass(slots=True)
class Ledger:
    """Settles records in order; `clock` runs along."""

    originals: Originals
    grace_s: int
    clock: Clock = field(default_factory=Clock)

    def settle(self, state: Overlay, record: Reading | Withdrawal, order: int) -> Settled:
        """Settles one record that came as number `order`."""
        article = uuid.UUID(record.article_id).bytes
        stored = state.get(STATE + article)
        before = ArticleState.from_bytes(stored) if stored is not None else None
        if before is not None and before.partition == record.partition and record.offset <= before.offset:
            return Settled("repeated")
        if isinstance(record, Withdrawal):
            return self._withdraw(state, article, record, before, order)
        return self._count(state, article, record, before, order)

    def _withdraw(self, state: Overlay, article: bytes, record: Withdrawal, before: ArticleState | None, order: int) -> Settled:
        if before is None:
            return Settled("withdrawn")
        now = ArticleState(record.partition, record.offset, before.event_time_s, is_withdrawn=True)
        self.originals.drop(state, article)
        return self._put(state, article, record, before, now, order, "withdrawn")

    def _count(self, state: Overlay, article: bytes, record: Reading, before: ArticleState | None, order: int) -> Settled:
        if bucket_of(record.event_time_s) < bucket_of(self.clock.now_s - self.grace_s):
            return self._pass_by(state, article, record, before)
        now = ArticleState(
            record.partition,
            record.offset,
            record.event_time_s,
            source=source_hash(record.source),
            sentiment=record.sentiment,
            keys=tuple(key.to_bytes() for key, _label in record.keys),
            is_counted=True,
        )
        later = self.clock.after(record.event_time_s, record.collected_s)
        if later != self.clock:
            self.clock = later
            state.put(CLOCK, later.to_bytes())
        found = self._original(state, article, record.signature, record.event_time_s, order)
        if found is not None:
            now = replace(now, original=found.article, similarity=round(found.similarity * 10_000))
        return self._put(state, article, record, before, now, order, "counted")

    def _pass_by(self, state: Overlay, article: bytes, record: Reading, before: ArticleState | None) -> Settled:
        """A record that comes too late changes nothing: what an earlier one added stays."""
        if before is not None:
            now = replace(before, partition=record.partition, offset=record.offset)
            state.put(STATE + article, now.to_bytes())
        return Settled("late")

    def _original(
        self, state: Overlay, article: bytes, signature: Signature | None, event_time_s: int, order: int
    ) -> Found | None:
        found = self.originals.find(state, article, signature, self.clock.now_s) if signature is not None else None
        if found is not None or signature is None:
            self.originals.drop(state, article)
        elif not self.originals.is_over(event_time_s, self.clock.now_s):
            self.originals.keep(state, article, signature, event_time_s, order)
        return found

    def _put(
        self,
        state: Overlay,
        article: bytes,
        record: Reading | Withdrawal,
        before: ArticleState | None,
        now: ArticleState,
        order: int,
        outcome: Outcome,
    ) -> Settled:
        copy = self._regroup(state, record.article_id, before, now, order)
        labels = {key.to_bytes(): label for key, label in record.keys} if isinstance(record, Reading) else {}
        changes = tuple(
            Change(TrendKey.from_bytes(key), labels.get(key, ""), record.partition, record.offset, cells)
            for key, cells in cells_between(before, now)
        )
        # Last: once it is in the table, the record is settled.
        state.put(STATE + article, now.to_bytes())
        return Settled(outcome, changes, copy)

    def _regroup(
        self, state: Overlay, article_id: str, before: ArticleState | None, now: ArticleState, order: int
    ) -> Copy | None:
        was = before.original if before is not None else None
        if was is not None and was != now.original:
            self.originals.resize(state, was, -1, order)
        if now.original is None:
            return Copy(article_id, None) if was is not None else None
        if was != now.original:
            self.originals.resize(state, now.original, 1, order)
        return Copy(article_id, now.original, now.similarity, self.originals.size(state, now.original), now.event_time_s)


def by_partition(changes: Iterator[Change], partitions: int) -> dict[int, list[Change]]:
    """Changes by the partition that counts their key, in order."""
    found: dict[int, list[Change]] = {}
    for change in changes:
        found.setdefault(change.key.partition(partitions), []).append(change)
    return found
