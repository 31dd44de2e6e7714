"""The books of an import: every record of a file is an article that was published, or skipped with a counted reason."""

from collections import Counter
from dataclasses import dataclass, field

from services.cli.importing.opened import PassedOver
from services.runtime.errors import InvalidRecord


@dataclass(slots=True)
class Account:
    """What became of a file's records so far, over all runs."""

    articles: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    """How many of the skipped ones should have been articles, or could have been."""

    @property
    def records(self) -> int:
        """All of them together."""
        return self.articles + self.skipped.total()

    def publish(self) -> None:
        """Counts an article."""
        self.articles += 1

    def skip(self, refusal: InvalidRecord) -> None:
        """Counts what is none."""
        self.skipped[refusal.error_class] += 1
        self.refused += not isinstance(refusal, PassedOver)

    def balance(self) -> str:
        """The books in one line."""
        reasons = ", ".join(f"{reason}: {count}" for reason, count in self.skipped.most_common())
        rest = f" ({reasons})" if reasons else ""
        return f"in {self.records} = articles {self.articles} + skipped {self.skipped.total()}{rest}"
