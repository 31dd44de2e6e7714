"""What a replay changed, per language: its records against those that news.enriched has of the same raw records."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

from aiokafka import TopicPartition
from pydantic import ValidationError

from schemas.codec import decode_enriched
from schemas.topics import NEWS_ENRICHED, Topic
from services.cli.connection import Connection
from services.cli.reading import Fetched, end_offsets, ends_with_open_transactions, open_reader, read_until
from services.cli.replaying import Origin, origin_of


@dataclass(frozen=True, slots=True)
class Summary:
    """What is compared of an article; digests where the value itself would fill the memory."""

    language: str
    entities: frozenset[int]
    sentiment: str | None
    topics: frozenset[str]
    content: str
    value: bytes
    has_failed: bool


@dataclass(slots=True)
class Change:
    """Counts of one language; entities are counted one by one, everything else by article."""

    articles: int = 0
    new: int = 0
    """Without a record of news.enriched to compare with."""
    same: int = 0
    """Byte for byte."""
    tag: int = 0
    entities_added: int = 0
    entities_removed: int = 0
    sentiment: int = 0
    topics: int = 0
    text: int = 0
    """Title or text."""
    failed_before: int = 0
    failed_now: int = 0

    def count(self, before: Summary | None, now: Summary) -> None:
        """Takes an article into account."""
        self.articles += 1
        self.failed_now += now.has_failed
        if before is None:
            self.new += 1
            return
        self.same += before.value == now.value
        self.tag += before.language != now.language
        self.entities_added += len(now.entities - before.entities)
        self.entities_removed += len(before.entities - now.entities)
        self.sentiment += before.sentiment != now.sentiment
        self.topics += before.topics != now.topics
        self.text += before.content != now.content
        self.failed_before += before.has_failed


Changes = Mapping[str, Change]
"""By the language that the article had, or has where it had none."""

COLUMNS = tuple(column.name for column in fields(Change))


def summary_of(record: Fetched) -> Summary | None:
    """The summary of an enriched record; None of a withdrawal and of what is none."""
    try:
        article = decode_enriched(record.value or b"")
    except ValidationError:
        return None
    return Summary(
        language=article.language.tag,
        entities=frozenset(_digest(f"{entity.type} {entity.name}".encode()) for entity in article.entities),
        sentiment=article.sentiment.label if article.sentiment else None,
        topics=frozenset(topic.qcode for topic in article.topics),
        content=article.content_digest,
        value=hashlib.blake2b(record.value or b"", digest_size=8).digest(),
        has_failed=any(annotation.status == "failed" for annotation in article.annotations.values()),
    )


async def compare(connection: Connection, revision: Topic) -> Changes:
    """Reads both topics a partition at a time: a key has the same one in both, so only one's summaries are in memory."""
    changes: dict[str, Change] = {}
    async with open_reader(connection, [revision, NEWS_ENRICHED]) as consumer:
        ends = await end_offsets(consumer) | await ends_with_open_transactions(connection, revision)
        for number in sorted({partition.partition for partition in ends}):
            ours, theirs = (TopicPartition(topic.name, number) for topic in (revision, NEWS_ENRICHED))
            now: dict[Origin, Summary] = {}
            async for record in read_until(consumer, {ours: ends[ours]}):
                _keep(now, record)
            async for record in read_until(consumer, {theirs: ends[theirs]}):
                origin = origin_of(record)
                if origin in now and (before := summary_of(record)) is not None:
                    changes.setdefault(before.language, Change()).count(before, now.pop(origin))
            for left in now.values():
                changes.setdefault(left.language, Change()).count(None, left)
    return changes


def _keep(summaries: dict[Origin, Summary], record: Fetched) -> None:
    origin, summary = origin_of(record), summary_of(record)
    if origin is not None and summary is not None:
        summaries[origin] = summary


def _digest(value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "big")


async def failed_origins(connection: Connection, stages: frozenset[str]) -> frozenset[Origin]:
    """The raw records whose article, as it was published last, has a failed annotation of these stages, or of any."""
    failed: dict[bytes, Origin] = {}
    async with open_reader(connection, [NEWS_ENRICHED]) as consumer:
        async for record in read_until(consumer, await end_offsets(consumer)):
            key, origin = hashlib.blake2b(record.key or b"", digest_size=12).digest(), origin_of(record)
            if origin is not None and _has_failed(record, stages):
                failed[key] = origin
            else:
                failed.pop(key, None)
    return frozenset(failed.values())


def _has_failed(record: Fetched, stages: frozenset[str]) -> bool:
    # Most articles have no such word in them, and validating each would take longer than reading it.
    if b'"failed"' not in (record.value or b""):
        return False
    try:
        annotations = decode_enriched(record.value or b"").annotations
    except ValidationError:
        return False
    return any(each.status == "failed" and (not stages or stage in stages) for stage, each in annotations.items())
