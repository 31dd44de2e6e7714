"""The books of a run: the naive recount beside what the service said, number by number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.trends.corpus import HOUR_S, STRETCH_S, Corpus
from tests.trends.recount import RETENTION_S, Place, Recount, Window, differences
from tests.trends.said import Heard
from tests.trends.scores import Scores, Similarity, score_bursts, score_copies, unplanned

_SHOWN = 10
_LIMIT = 0.95


@dataclass(frozen=True)
class Books:
    """What a run comes to."""

    windows: int
    """Keys and quarters of an hour that must say something."""
    off: Sequence[tuple[Window, str, object, object]]
    """Every wrong number: where, which, what it should be, and what it is."""
    live: int
    """Articles that count in the end."""
    copies: int
    outcomes: dict[str, int]
    undead: Sequence[Place]
    """Unreadable records without a dead letter."""
    innocent: Sequence[Place]
    """Dead letters of records that nothing is wrong with."""
    dead_twice: int
    ghosts: Sequence[str]
    """Articles that don't count, or copies of themselves, and yet are called copies."""
    counted: int
    """Articles that news.trends says there are, by language."""
    duplicates: Scores = field(default_factory=dict)
    bursts: Scores = field(default_factory=dict)
    unplanned: Sequence[Window] = ()
    """What rises that was not made to, and how many seconds after the corpus began."""

    @property
    def balance(self) -> bool:
        """Whether every number is right and every record is where it belongs."""
        return not (self.off or self.undead or self.innocent or self.ghosts) and self.counted == self.live

    @property
    def finds(self) -> bool:
        """Whether copies are found well enough in every script, and bursts in all: a script has 20 of them at most."""
        scores = [*self.duplicates.values(), self.bursts["all"]]
        return all(score.precision >= _LIMIT and score.recall >= _LIMIT for score in scores)

    @property
    def counts(self) -> list[str]:
        """Whether the numbers are right, for people."""
        became = ", ".join(f"{name} {count}" for name, count in sorted(self.outcomes.items()))
        return [
            f"records: {became}; together {sum(self.outcomes.values())}",
            f"counts: {self.windows} windows of keys, {len(self.off)} numbers off; "
            f"{self.counted} articles counted of {self.live}, {self.copies} of them copies",
            f"dead letters: {len(self.undead)} missing, {len(self.innocent)} innocent, {self.dead_twice} written again; "
            f"copies that are none: {len(self.ghosts)}",
            *(f"off: {window}: {name} is {is_so}, not {should}" for window, name, should, is_so in self.off[:_SHOWN]),
        ]

    @property
    def lines(self) -> list[str]:
        """All of it, for people."""
        scores = (("copies", self.duplicates), ("bursts", self.bursts))
        found = [f"{what} {script.ljust(10)} {score}" for what, scored in scores for script, score in scored.items()]
        return [*self.counts, *found, self._risen]

    @property
    def _risen(self) -> str:
        """What rises unplanned by hour: a service that has just begun to watch finds much new."""
        by_hour = Counter(at_s // HOUR_S for _, at_s in self.unplanned)
        hours = ", ".join(f"{count} in hour {hour}" for hour, count in sorted(by_hour.items()))
        return f"unplanned windows of any kind that rise: {hours or 'none'}"


def balanced(recount: Recount, heard: Heard, corpus: Corpus, similarity: Similarity) -> Books:
    """Compares; windows that retention has made the service forget are left out."""
    oldest = recount.newest_s - RETENTION_S
    expected = {window: said for window, said in recount.numbers(heard.copies).items() if window[1] >= oldest}
    found = {window: said for window, said in heard.windows.items() if window[1] >= oldest}
    live = sum(counted.event_time_s >= oldest for counted in recount.live.values())
    originals = {copy: duplicate.original_id for copy, duplicate in heard.copies.items()}
    return Books(
        windows=len(expected),
        off=sorted(differences(expected, found), key=lambda each: (each[0][1], each[0][0], each[1])),
        live=live,
        copies=sum(which in heard.copies for which in recount.live),
        outcomes=dict(recount.outcomes),
        undead=sorted(recount.dead - heard.dead.keys()),
        innocent=sorted(heard.dead.keys() - recount.dead),
        dead_twice=sum(count - 1 for count in heard.dead.values()),
        ghosts=sorted(which for which, original in originals.items() if which not in recount.live or which == original),
        counted=sum(said.originals + said.duplicates for (key, _), said in found.items() if key.kind == "language"),
        duplicates=score_copies(recount, originals, similarity),
        bursts=score_bursts(corpus.bursts, heard.rising, corpus.start_s + STRETCH_S),
        unplanned=[(key, at_s - corpus.start_s) for key, at_s in unplanned(corpus.bursts, heard.rising)],
    )
