"""A coordinator's answer about offsets, and what it must not be taken for."""

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupLoadInProgressError, UnknownTopicOrPartitionError
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.structs import OffsetAndMetadata

from services.runtime.committed import committed_in

LOADING, UNKNOWN_PARTITION = 14, 3


def answer(partitions: list[tuple[int, int, str, int]], error_code: int = 0) -> OffsetFetchResponse_v3:
    return OffsetFetchResponse_v3(
        throttle_time_ms=0, topics=[("news.raw", partitions)] if partitions else [], error_code=error_code
    )


def test_offsets_come_with_their_notes_and_minus_one_is_none() -> None:
    found = committed_in(answer([(0, 17, "starts=1", 0), (1, -1, "", 0)]))
    assert found == {
        TopicPartition("news.raw", 0): OffsetAndMetadata(17, "starts=1"),
        TopicPartition("news.raw", 1): OffsetAndMetadata(-1, ""),
    }


def test_a_coordinator_that_is_loading_is_no_group_that_never_committed() -> None:
    with pytest.raises(GroupLoadInProgressError):
        committed_in(answer([], LOADING))


def test_a_partition_that_it_has_no_word_on_is_not_left_out() -> None:
    with pytest.raises(UnknownTopicOrPartitionError):
        committed_in(answer([(0, 17, "", 0), (1, -1, "", UNKNOWN_PARTITION)]))
