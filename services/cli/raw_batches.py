"""A batch of records as the broker stores it, read leniently where the client library refuses it.

The client reads a batch from its first record on, so one record that it can't decode hides all that follow it in the batch;
their keys and values are as good as any. Format: record batch, magic 2 (https://kafka.apache.org/documentation/#recordbatch).
"""

import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aiokafka import TopicPartition, codec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import decode_varint

from services.cli.connection import Connection
from services.cli.errors import CouldNot
from services.runtime.records import Headers

_BASE_OFFSET_AND_LENGTH = struct.Struct(">qi")
_MAGIC_AT, _MAGIC = 16, 2
_RECORDS_AT = 61
_READ_COMMITTED = 1
_WAIT_MS, _MIN_BYTES, _MAX_BYTES = 500, 1, 50_000_000

_DECOMPRESS: Mapping[int, Callable[[bytes], bytes]] = MappingProxyType(
    {0: bytes, 1: codec.gzip_decode, 2: codec.snappy_decode, 3: codec.lz4_decode, 4: codec.zstd_decode}
)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of a batch, without what can't be read of it."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    """Those whose names are text."""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch; `records` is None when its bytes can't be had, and `why_not` then says why."""

    first_offset: int
    last_offset: int
    timestamp_ms: int
    records: tuple[StoredRecord, ...] | None
    why_not: str = ""


async def fetch_batch(connection: Connection, partition: TopicPartition, offset: int) -> StoredBatch:
    """The first batch at or behind the offset that readers of committed records would get.

    Raises:
        CouldNot: the broker hands out none.
    """
    client = AIOKafkaClient(bootstrap_servers=connection.bootstrap_servers, **connection.kafka.client_options())
    try:
        await client.bootstrap()
        await client.set_topics([partition.topic])
        while True:
            stored, aborted = await _fetch(client, partition, offset)
            batches = list(packed(stored))
            if not batches:
                raise CouldNot(f"{partition.topic}-{partition.partition} has no records at offset {offset}")
            for batch in visible(batches, aborted):
                if batch.next_offset > offset:
                    return unpacked(batch)
            offset = batches[-1].next_offset
    finally:
        await client.close()


async def _fetch(client: AIOKafkaClient, partition: TopicPartition, offset: int) -> tuple[bytes, list[tuple[int, int]]]:
    """The stored bytes from the offset on, and the transactions in them that were aborted (producer id, first offset)."""
    leader = client.cluster.leader_for_partition(partition)
    wanted = [(partition.topic, [(partition.partition, offset, _MAX_BYTES)])]
    answer = await client.send(leader, FetchRequest(_WAIT_MS, _MIN_BYTES, _MAX_BYTES, _READ_COMMITTED, wanted))
    ((_, ((_, error_code, _, *rest),)),) = answer.topics
    if error_code:
        raise for_code(error_code)
    # Kafka 4 speaks version 4 and later; from 11 on a preferred replica stands between the two.
    aborted: list[tuple[int, int]] | None = rest[2] if answer.API_VERSION >= 11 else rest[-2]
    return rest[-1] or b"", aborted or []


class PackedBatch:
    """A batch's bytes with its header read."""

    def __init__(self, stored: bytes) -> None:
        header = DefaultRecordBatch(memoryview(stored))
        self.base_offset, self.next_offset, self.timestamp_ms = header.base_offset, header.next_offset, header.first_timestamp
        self.is_control, self.is_transactional = header.is_control_batch, header.is_transactional
        self.producer_id, self.compression, self.is_sound = header.producer_id, header.compression_type, header.validate_crc()
        self.records = stored[_RECORDS_AT:]


def packed(stored: bytes) -> Iterator[PackedBatch]:
    """Whole batches; the broker may cut the last one."""
    at = 0
    while at + _RECORDS_AT <= len(stored):
        _, length = _BASE_OFFSET_AND_LENGTH.unpack_from(stored, at)
        end = at + _BASE_OFFSET_AND_LENGTH.size + length
        if end > len(stored):
            return
        if stored[at + _MAGIC_AT] != _MAGIC:
            raise CouldNot("the record is stored in a format that Kafka has not written since 2017")
        yield PackedBatch(stored[at:end])
        at = end


def visible(batches: Iterable[PackedBatch], aborted: Iterable[tuple[int, int]]) -> Iterator[PackedBatch]:
    """Those with records for readers of committed ones: no control batches, nothing of aborted transactions."""
    waiting, in_aborted = deque(sorted(aborted, key=lambda each: each[1])), set[int]()
    for batch in batches:
        while waiting and waiting[0][1] <= batch.base_offset:
            in_aborted.add(waiting.popleft()[0])
        if batch.is_control:
            in_aborted.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in in_aborted):
            yield batch


def unpacked(batch: PackedBatch) -> StoredBatch:
    """What can be had of the batch."""
    why_not, records = "", None
    if not batch.is_sound:
        why_not = "their checksum is wrong"
    elif batch.compression not in _DECOMPRESS:
        why_not = f"they are compressed by codec {batch.compression}, which nobody here knows"
    else:
        try:
            records_in = bytearray(_DECOMPRESS[batch.compression](batch.records))
            records = tuple(_records(records_in, batch.base_offset, batch.timestamp_ms))
        except Exception as error:  # whatever a codec or a broken length makes Python raise: the bytes can't be had
            why_not = f"they can't be unpacked: {type(error).__name__}"
    return StoredBatch(batch.base_offset, batch.next_offset - 1, batch.timestamp_ms, records, why_not)


def _records(stored: bytearray, base_offset: int, base_timestamp_ms: int) -> Iterator[StoredRecord]:
    at = 0
    while at < len(stored):
        length, at = decode_varint(stored, at)
        yield _record(stored[at : at + length], base_offset, base_timestamp_ms)
        at += length


def _record(stored: bytearray, base_offset: int, base_timestamp_ms: int) -> StoredRecord:
    timestamp_delta, at = decode_varint(stored, 1)  # behind the attributes, of which there are none
    offset_delta, at = decode_varint(stored, at)
    key, at = _bytes(stored, at)
    value, at = _bytes(stored, at)
    headers = tuple(_headers(stored, at))
    return StoredRecord(base_offset + offset_delta, base_timestamp_ms + timestamp_delta, key, value, headers)


def _headers(stored: bytearray, at: int) -> Iterator[tuple[str, bytes]]:
    count, at = decode_varint(stored, at)
    for _ in range(count):
        name, at = _bytes(stored, at)
        value, at = _bytes(stored, at)
        try:
            yield (name or b"").decode("utf-8"), value or b""
        except UnicodeDecodeError:
            continue


def _bytes(stored: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(stored, at)
    if length < 0:
        return None, at
    if at + length > len(stored):
        raise ValueError("a length points behind the record's end")
    return bytes(stored[at : at + length]), at + length
