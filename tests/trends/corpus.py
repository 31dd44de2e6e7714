"""A made corpus with known truth: what records of news.enriched there are to be, the same for the same seed.

Two stretches of 20 hours of event time follow each other; whoever publishes lets the service work off the first before the
second. So the partitions are never apart by more than 23 hours, less than the grace period, and what is late and what isn't
doesn't depend on which partition is read first. A third stretch, eight days later, lets everything before it expire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal

from tests.trends.documents import Article, Named
from tests.trends.words import LANGUAGES, names

Kind = Literal["article", "revision", "repeat", "withdrawal", "unreadable"]

HOUR_S = 3_600
STRETCH_S = 20 * HOUR_S
FIRST, SECOND, AFTERWARDS = 0, 1, 2
AFTERWARDS_S = 8 * 24 * HOUR_S
ABORTED_RUN = 20

STEADY = 300
"""Names of a language that are in the news all the time, the first of them most."""
_SHORT_LIVED = 40

BURST_S, BURST_MENTIONS = 45 * 60, 30


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to be published, and what is true of it."""

    kind: Kind
    key: bytes
    value: bytes | None
    timestamp_ms: int
    stretch: int
    article: Article | None = None
    """What an article or a revision says."""
    is_aborted: bool = False
    """Whether its transaction is aborted: nobody may ever count it."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A name that comes often within three quarters of an hour, and before then seldom, or never when it is new."""

    language: str
    named: Named
    start_s: int
    is_new: bool


@dataclass(frozen=True)
class Corpus:
    """What the corpus is to be; `start_s` is its first moment, in seconds since 1970."""

    seed: int
    records: int
    start_s: int
    afterwards: int = 0
    """Records of the third stretch, besides the others."""

    @property
    def aborted(self) -> int:
        """Records in aborted transactions, besides the others: 1,000 beside 50,000."""
        return max(2, self.records // 50 // ABORTED_RUN) * ABORTED_RUN

    @cached_property
    def bursts(self) -> Sequence[Burst]:
        """The planted bursts: one in each language for 4,000 records, half of them of names that are new."""
        chance, each = Random(f"bursts {self.seed}"), max(1, self.records // 4_000)
        first, last = self.start_s + STRETCH_S + HOUR_S, self.start_s + 2 * STRETCH_S - 3 * HOUR_S
        return [
            Burst(language, named, chance.randrange(first, last), is_new=(number + at) % 2 == 0)
            for number, language in enumerate(LANGUAGES)
            for at, named in enumerate(named_in(language)[STEADY : STEADY + each])
        ]


def named_in(language: str) -> Sequence[Named]:
    """The entities of a language, the most frequent first, those of bursts last."""
    types = ("PER", "ORG", "LOC", "MISC")
    return [Named(types[number % 4], name) for number, name in enumerate(names(language, STEADY + _SHORT_LIVED))]
