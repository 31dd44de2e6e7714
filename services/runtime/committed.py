"""What a coordinator's answer to OffsetFetch says (pure).

aiokafka 0.14 doesn't look at the answer's own error, in the consumer as little as in the admin client: a coordinator that is
just loading names no partition at all, and that reads as a group that never committed.
"""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import for_code
from aiokafka.structs import OffsetAndMetadata


def committed_in(answer: Any) -> dict[TopicPartition, OffsetAndMetadata]:
    """The offsets of the partitions that were asked for, -1 where there is none, with their notes.

    Raises:
        KafkaError: the coordinator doesn't know now, or not for one of the partitions.
    """
    errors = [getattr(answer, "error_code", 0)] + [each[3] for _, partitions in answer.topics for each in partitions]
    for error_code in filter(None, errors):
        raise for_code(error_code)
    return {
        TopicPartition(topic, partition): OffsetAndMetadata(offset, note or "")
        for topic, partitions in answer.topics
        for partition, offset, note, _ in partitions
    }
