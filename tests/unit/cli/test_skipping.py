"""Batches as the broker stores them, read leniently, and the dead letters that they become."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_RAW
from services.cli.raw_batches import StoredBatch, StoredRecord, packed, unpacked, visible
from services.cli.skipping import Wanted, skip_of

NOW = datetime(2023, 9, 19, tzinfo=UTC)
WANTED = Wanted(NEWS_RAW, partition=2, offset=11, group="enricher", is_forced=False)
VALUES = ("Győr".encode(), "مطر".encode(), "बाढ़".encode(), "洪水 🌊".encode())
_NAME = "name-of-header"


def stored(
    compression: int = 0,
    base_offset: int = 10,
    values: Sequence[bytes | None] = VALUES,
    is_transactional: bool = False,
    producer_id: int = -1,
) -> bytearray:
    """A batch whose records have a header with a name that is no text."""
    builder = DefaultRecordBatchBuilder(2, compression, is_transactional, producer_id, 0, 0, 1_000_000)
    for number, value in enumerate(values):
        builder.append(number, 1_000 + number, b"k%d" % number, value, [(_NAME, b"x"), ("traceparent", b"00-1")])
    batch = builder.build()
    if compression == 0:
        batch = bytearray(bytes(batch).replace(_NAME.encode(), b"\xff" * len(_NAME)))
    batch[0:8] = base_offset.to_bytes(8, "big")
    return sealed(batch)


def sealed(batch: bytearray) -> bytearray:
    """With the checksum that belongs to the bytes."""
    batch[17:21] = calc_crc32c(bytes(batch[21:])).to_bytes(4, "big")
    return batch


def only(batch: bytearray) -> StoredBatch:
    (found,) = packed(bytes(batch))
    return unpacked(found)


def test_everything_but_the_unreadable_header_is_had() -> None:
    batch = only(stored())
    assert (batch.first_offset, batch.last_offset, batch.why_not) == (10, 13, "")
    assert batch.records is not None
    assert [record.value for record in batch.records] == list(VALUES)
    assert batch.records[1] == StoredRecord(11, 1_001, b"k1", VALUES[1], (("traceparent", b"00-1"),))


@pytest.mark.parametrize("compression", [1, 2, 3, 4], ids=["gzip", "snappy", "lz4", "zstd"])
def test_each_codec_is_known(compression: int) -> None:
    assert codec.has_gzip() and codec.has_snappy() and codec.has_lz4() and codec.has_zstd()
    records = only(stored(compression)).records
    assert records is not None and [record.value for record in records] == list(VALUES)


def test_null_is_told_from_empty() -> None:
    records = only(stored(values=[None, b""])).records
    assert records is not None and [record.value for record in records] == [None, b""]


def unknown_codec() -> bytearray:
    batch = stored()
    batch[22] |= 5
    return sealed(batch)


def wrong_checksum() -> bytearray:
    batch = stored()
    batch[-1] ^= 1
    return batch


def wrong_length() -> bytearray:
    batch = stored()
    batch[61] = 0x7E
    return sealed(batch)


@pytest.mark.parametrize(
    ("batch", "why_not"),
    [(unknown_codec(), "codec 5"), (wrong_checksum(), "checksum"), (wrong_length(), "can't be unpacked")],
    ids=["unknown-codec", "wrong-checksum", "wrong-length"],
)
def test_bytes_that_cannot_be_had_are_none_and_it_is_said_why(batch: bytearray, why_not: str) -> None:
    found = only(batch)
    assert found.records is None and why_not in found.why_not
    skip = skip_of(WANTED, found, ValueError(), NOW)
    assert [(message.key, message.value) for message in skip.messages] == [(b"", None)] * 3
    assert skip.next_offset == 14 and why_not in skip.why_without_bytes


def test_a_batch_that_the_broker_cut_is_left_out() -> None:
    assert len(list(packed(bytes(stored() + stored(base_offset=14))[:-1]))) == 1


def test_what_was_aborted_and_control_batches_are_not_seen() -> None:
    aborted = stored(is_transactional=True, producer_id=7)
    marker = stored(base_offset=14, is_transactional=True, producer_id=7, values=[b""])
    marker[22] |= 0x20
    again = stored(base_offset=15, is_transactional=True, producer_id=7)
    batches = list(packed(bytes(aborted + sealed(marker) + again)))
    assert [batch.base_offset for batch in visible(batches, [(7, 10)])] == [15]
    assert [batch.base_offset for batch in visible(batches, [])] == [10, 15]


def test_the_record_and_those_behind_it_become_dead_letters_and_those_before_it_do_not() -> None:
    skip = skip_of(WANTED, only(stored()), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), NOW)
    assert [message.value for message in skip.messages] == list(VALUES[1:]) and skip.next_offset == 14
    letters = [DeadLetter.from_headers(message.headers) for message in skip.messages]
    assert [letter.offset for letter in letters] == [11, 12, 13]
    assert {letter.error_class for letter in letters} == {"unreadable"}
    assert letters[0].exception == "UnicodeDecodeError" and letters[0].source_timestamp == 1_001
    assert "behind offset 11" in letters[1].message
    headers = dict(skip.messages[1].headers)
    assert headers["newsloom.origin.offset"] == b"12" and headers["traceparent"] == b"00-1"


def test_a_readable_record_is_skipped_alone() -> None:
    skip = skip_of(WANTED, only(stored()), None, NOW)
    assert [message.value for message in skip.messages] == [VALUES[1]] and skip.next_offset == 12
    assert DeadLetter.from_headers(skip.messages[0].headers).error_class == "skipped"


def test_a_tombstone_is_told_from_a_record_without_bytes() -> None:
    (message,) = skip_of(WANTED, only(stored(base_offset=11, values=[None])), ValueError(), NOW).messages
    assert DeadLetter.from_headers(message.headers).original_value_null


def test_the_name_is_that_of_the_workers_producer() -> None:
    assert WANTED.transactional_id == "enricher.news.raw.2"
