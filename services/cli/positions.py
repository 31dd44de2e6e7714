"""Where to begin reading: the beginning, the end, an offset or a time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer

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


def parse_position(text: str) -> Position:
    """The position that the text names; raises WrongUse when it names none."""
    if text in (BEGINNING, END):
        return text
    if text.isascii() and text.isdigit():
        return AtOffset(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"--from is beginning, end, an offset or a time such as 2024-05-31T12:00:00Z, not {text}") from None
    return AtMoment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


async def seek(consumer: AIOKafkaConsumer, position: Position) -> None:
    """Puts every partition of the consumer there."""
    partitions = sorted(consumer.assignment())
    first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    wanted = dict(first if position == BEGINNING else end)
    if isinstance(position, AtOffset):
        wanted = {partition: min(max(position.offset, first[partition]), end[partition]) for partition in partitions}
    elif isinstance(position, AtMoment):
        moment_ms = int(position.moment.timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, max(0, moment_ms)))
        wanted |= {partition: each.offset for partition, each in found.items() if each is not None}
    for partition, offset in wanted.items():
        consumer.seek(partition, offset)
