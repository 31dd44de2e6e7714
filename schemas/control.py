"""news.control v1: what a consumer group is told to do; the last record of a key is the order that holds."""

from typing import Literal

from pydantic import Field

from schemas.contract import Contract
from schemas.publication_date import Moment

VERSION = 1


class Order(Contract):
    """Stand still, or go on; keyed by the group."""

    schema_version: Literal[1] = Field(1, description="Version of this contract")
    group: str = Field(min_length=1, description="Kafka consumer group whose workers obey; the record's key")
    action: Literal["pause", "resume"] = Field(description="pause: take no more records, stay in the group; resume: go on")
    reason: str = Field(description="One sentence for whoever reads it")
    ordered_by: Literal["breaker", "operator"] = Field(description="A worker that saw too many records fail, or a person")
    ordered_at: Moment = Field(description="RFC 3339 UTC")
