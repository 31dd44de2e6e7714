"""Counts outcomes against inputs: every record of news.raw becomes exactly one of three things."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.topics import NEWS_RAW_DLQ

if TYPE_CHECKING:
    from services.cli.reading import Fetched


@dataclass(slots=True)
class Tally:
    """What came out so far."""

    enriched: int = 0
    dead_letters: int = 0
    withdrawn: int = 0
    languages: set[str] = field(default_factory=set)

    @property
    def outcomes(self) -> int:
        """All of them together."""
        return self.enriched + self.dead_letters + self.withdrawn

    def count(self, record: "Fetched") -> None:
        """Takes a record of news.enriched or of the dead-letter topic into account."""
        if record.topic == NEWS_RAW_DLQ.name:
            self.dead_letters += 1
        elif record.value is None:
            self.withdrawn += 1
        else:
            self.enriched += 1
            self.languages |= {value.decode() for name, value in record.headers if name == "newsloom.language"}

    def balance(self, inputs: int) -> str:
        """The books in one line."""
        sign = "=" if inputs == self.outcomes else "≠"
        return f"in {inputs} {sign} enriched {self.enriched} + dead letters {self.dead_letters} + withdrawn {self.withdrawn}"
