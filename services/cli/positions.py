"""Where to begin reading: the beginning, the end, an offset or a time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.cli.errors import WrongUse

BEGINNING, END = "beginning", "end"


@dataclass(frozen=True, slots=True)
class AtOffset:
    """The same offset in every partition, or the nearest that is there."""

    offset: int


@dataclass(frozen=True, slots=True)
class AtMoment:
    """The first records that are not older, in every partition."""

    moment: datetime


Position = str | AtOffset | AtMoment


def parse_position(text: str, option: str = "--from") -> Position:
    """The position that the text names; raises WrongUse when it names none."""
    if text in (BEGINNING, END):
        return text
    if text.isascii() and text.isdigit():
        return AtOffset(int(text))
    return AtMoment(parse_moment(text, f"{option} is beginning, end, an offset or a time"))


def parse_moment(text: str, asked_for: str) -> datetime:
    """The time that the text names, in UTC unless it says otherwise; raises WrongUse with what was asked for."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{asked_for} such as 2024-05-31T12:00:00Z, not {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def seek(consumer: AIOKafkaConsumer, position: Position) -> None:
    """Puts every partition of the consumer there."""
    for partition, offset in (await offsets_at(consumer, position)).items():
        consumer.seek(partition, offset)


async def offsets_at(consumer: AIOKafkaConsumer, position: Position) -> dict[TopicPartition, int]:
    """What the position is in every partition of the consumer; the end where nothing is as young as the time."""
    partitions = sorted(consumer.assignment())
    first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    if isinstance(position, AtOffset):
        return {partition: min(max(position.offset, first[partition]), end[partition]) for partition in partitions}
    if isinstance(position, AtMoment):
        moment_ms = int(position.moment.timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, max(0, moment_ms)))
        return dict(end) | {partition: each.offset for partition, each in found.items() if each is not None}
    return dict(first if position == BEGINNING else end)
