"""Reads the end of news.raw to know again what was accepted: articles, digests and revisions, from the records' headers."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError

from schemas.codec import Undecodable, decode_raw
from schemas.identity import article_id, article_id_of_key, content_digest
from schemas.topics import NEWS_RAW
from services.gateway.admission import DIGEST_HEADER, PUSHED_BY_HEADER, REVISION_HEADER
from services.runtime.errors import TransientError
from services.runtime.logs import get_log
from services.runtime.settings import KafkaSettings

log = get_log(__name__)

_MANY, _ONE = 1_000, 1
_POLL_MS = 500
_FETCH_BYTES = 4_194_304
_SILENCE_S = 15.0

_UNREADABLE = (UnicodeDecodeError, CorruptRecordException, UnsupportedCodecError)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a record of news.raw says was accepted; a digest of None is a withdrawal."""

    article_id: str
    digest: str | None
    revision: int
    accepted_at: float
    """Seconds since 1970."""
    pushed_by: str | None = None


async def read_tail(
    bootstrap_servers: str, kafka: KafkaSettings, since_s: float, max_records: int
) -> AsyncGenerator[Accepted, None]:
    """What was accepted since a moment (seconds since 1970) until now, in each partition's order.

    Of every partition at most its share of `max_records` is read, the latest. A record that can't be read is passed over.

    Raises:
        TransientError: the broker fell silent.
        KafkaError, OSError: it is away.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        client_id="newsloom-gateway-tail",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
        **kafka.client_options(),
    )
    await consumer.start()
    try:
        numbers = await consumer._client._wait_on_metadata(NEWS_RAW.name)
        partitions = [TopicPartition(NEWS_RAW.name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.pause(*partitions)
        ends = await consumer.end_offsets(partitions)
        begins = await _begins(consumer, partitions, since_s)
        share = -(-max_records // len(partitions))
        for partition, end in ends.items():
            begin = max(begins.get(partition, end), end - share)
            async for record in _records(consumer, partition, begin, end):
                if accepted := accepted_of(record):
                    yield accepted
    finally:
        await consumer.stop()


def accepted_of(record: "ConsumerRecord[bytes | None, bytes | None]") -> Accepted | None:
    """What the record says; None when it is no article. Without our headers the value itself is asked."""
    headers = {name: value or b"" for name, value in record.headers}
    name = article_id_of_key(record.key)
    pushed_by = headers[PUSHED_BY_HEADER].decode("utf-8", "replace") if PUSHED_BY_HEADER in headers else None
    revision = headers.get(REVISION_HEADER, b"")
    accepted_at = record.timestamp / 1000
    if record.value is None or (DIGEST_HEADER in headers and revision.isdigit()):
        digest = None if record.value is None else headers[DIGEST_HEADER].decode("ascii", "replace")
        if name is None or (digest is not None and not _is_digest(digest)):
            return None
        return Accepted(name, digest, int(revision) if revision.isdigit() else 0, accepted_at, pushed_by)
    try:
        article = decode_raw(record.value).article
    except Undecodable:
        return None
    digest = content_digest(article.title, article.text or article.html or "")
    return Accepted(article_id(article.canonical_url or article.url), digest, article.revision or 0, accepted_at, pushed_by)


def _is_digest(digest: str) -> bool:
    name, _, value = digest.partition(":")
    return name == "sha256" and len(value) == 64 and all(each in "0123456789abcdef" for each in value)


async def _begins(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], since_s: float) -> dict[TopicPartition, int]:
    """The first offset at or behind the moment; a partition without one has nothing new."""
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, max(0, int(since_s * 1000))))
    return {partition: each.offset for partition, each in found.items() if each is not None}


async def _records(
    consumer: AIOKafkaConsumer, partition: TopicPartition, begin: int, end: int
) -> AsyncIterator["ConsumerRecord[bytes | None, bytes | None]"]:
    """The records between the offsets. After an exception the client's position is not to be trusted: ours is."""
    consumer.seek(partition, begin)
    consumer.resume(partition)
    at, most, heard_at = begin, _MANY, time.monotonic()
    while at < end:
        try:
            fetched = (await consumer.getmany(partition, timeout_ms=_POLL_MS, max_records=most)).get(partition, [])
            for record in fetched:
                at = record.offset + 1
                yield record
            # Behind markers of transactions the position moves on without a record.
            now_at = max(at, await consumer.position(partition))
            if fetched or now_at > at:
                heard_at = time.monotonic()
            at, most = now_at, _MANY
        except _UNREADABLE as error:
            if most == _ONE:
                log.warning("unreadable_record_passed", partition=partition.partition, offset=at, error=type(error).__name__)
                at += 1
            most = _ONE
            consumer.seek(partition, at)
        if time.monotonic() - heard_at > _SILENCE_S:
            raise TransientError(f"the broker hands out nothing of {partition.topic}-{partition.partition} at offset {at}")
    consumer.pause(partition)
