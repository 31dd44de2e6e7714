"""What was decided about dead letters: all of it read, and new decisions written in transactions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from schemas.codec import CONTENT_TYPE, encode
from schemas.dead_letter import DeadLetter
from schemas.decision import VERSION, Action, Decision, Place
from schemas.topics import NEWS_RAW_DLQ, NEWS_RAW_DLQ_DECISIONS
from services.cli.connection import Connection
from services.cli.dead_letters import Decisions, LetterId, origin_of
from services.cli.reading import ends_with_open_transactions, open_reader, read_until
from services.runtime.records import Message

_HEADERS = (
    ("content-type", CONTENT_TYPE.encode()),
    ("newsloom.schema", f"{NEWS_RAW_DLQ_DECISIONS.name}/v{VERSION}".encode()),
)


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes decisions down: the clock and the operator's note."""

    now: Callable[[], datetime]
    note: str | None = None

    def decision(
        self, action: Action, own_id: LetterId, letter: DeadLetter, redriven_to: Place | None = None, edited: bool = False
    ) -> Message:
        """The record that says so."""
        decision = Decision(
            action=action,
            dead_letter=own_id.place,
            origin=origin_of(letter),
            last_failed_at=letter.last_failed_at,
            decided_at=self.now(),
            error_class=letter.error_class,
            stage=letter.stage,
            attempts=letter.attempts,
            redriven_to=redriven_to,
            edited=edited,
            note=self.note,
        )
        return Message(NEWS_RAW_DLQ_DECISIONS.name, str(decision.dead_letter).encode(), encode(decision), _HEADERS)


def transactional_id(group: str) -> str:
    """The name that deciding is done under: whoever starts under it fences off whoever had it before."""
    return f"{group}.redrive"


async def read_decisions(connection: Connection) -> Decisions:
    """The last decision about each dead letter.

    Waits for transactions that are open on the topic, whosever they are: what they hide may be decisions.

    Raises:
        CouldNot: one stays open for longer than the broker allows.
    """
    ends = await ends_with_open_transactions(connection, NEWS_RAW_DLQ_DECISIONS)
    found: dict[LetterId, Decision] = {}
    async with open_reader(connection, [NEWS_RAW_DLQ_DECISIONS]) as consumer:
        async for record in read_until(consumer, ends):
            decision = _decision(record.value)
            if decision is not None and decision.dead_letter.topic == NEWS_RAW_DLQ.name:
                found[LetterId(decision.dead_letter.partition, decision.dead_letter.offset)] = decision
    return found


def _decision(value: bytes | None) -> Decision | None:
    try:
        return Decision.model_validate_json(value or b"")
    except ValidationError:
        return None
