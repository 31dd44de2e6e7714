"""news.raw.dlq.decisions v1: what an operator decided about a dead letter; the last record of a key is the decision."""

from typing import Literal

from pydantic import Field

from schemas.contract import Contract
from schemas.publication_date import Moment

VERSION = 1

Action = Literal["redriven", "parked"]


class Place(Contract):
    """Where a record is."""

    topic: str = Field(description="Topic")
    partition: int = Field(ge=0, description="Partition")
    offset: int = Field(ge=0, description="Offset")

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


class Decision(Contract):
    """A dead letter that was sent back to the raw topic, or that is to stay where it is; keyed by the dead letter's place."""

    schema_version: Literal[1] = Field(1, description="Version of this contract")
    action: Action = Field(description="redriven: sent back in the same transaction as this record; parked: left for good")
    dead_letter: Place = Field(description="The dead letter; topic-partition-offset of it is the record's key")
    origin: Place = Field(description="The raw record that the dead letter was made of")
    last_failed_at: Moment = Field(
        description="The dead letter's own, RFC 3339 UTC: with origin it tells a topic that was made anew, whose offsets recur"
    )
    decided_at: Moment = Field(description="RFC 3339 UTC")
    error_class: str = Field(description="The dead letter's class")
    stage: str = Field(description="Where it had failed")
    attempts: int = Field(ge=1, description="How often it had been tried when this was decided")
    redriven_to: Place | None = Field(None, description="Where the record is now; null when parked")
    edited: bool = Field(False, description="The value that was sent back isn't the dead letter's")
    note: str | None = Field(None, description="The operator's own words")
