"""A stretch of event time in the index of band hashes: removal, expiry, and merging the newest rows into runs."""

from dataclasses import dataclass, field

import numpy as np

from services.trends.lsh_rows import REMOVED, RUN_ROWS, TAIL_ROWS, Block, Rows, Run, Tail, Wanted


@dataclass(slots=True)
class Segment:
    """The originals of a stretch of event time."""

    runs: list[Run] = field(default_factory=list)
    tail: Tail = field(default_factory=Tail)

    def add(self, article: bytes, bands: bytes, event_time_s: int, order: int) -> None:
        """Into the tail, which becomes part of a run when it is full."""
        self.tail.add(article, bands, event_time_s, order)
        if self.tail.size == TAIL_ROWS:
            fits = self.runs and self.runs[-1].block.orders.size + TAIL_ROWS <= RUN_ROWS
            self.runs.append(Run.merged([*([self.runs.pop()] if fits else []), self.tail.taken()]))

    def parts(self) -> list[Run | Tail]:
        """All places where rows are."""
        return [*self.runs, self.tail]

    def remove(self, wanted: Wanted, article: bytes) -> int:
        """How many rows of the article there were."""
        return sum(_remove(part.block, part.block.with_id(part.rows(wanted), article)) for part in self.parts())

    def expire(self, before_s: int) -> int:
        """Removes what is older; how many there were."""
        return sum(
            _remove(block, np.flatnonzero((block.events_s < before_s) & (block.orders != REMOVED)))
            for block in (part.block for part in self.parts())
        )

    def remove_first(self) -> None:
        """Removes the article of the lowest order."""
        block = min((part.block for part in self.parts() if part.block.orders.size), key=lambda block: int(block.orders.min()))
        block.orders[block.orders.argmin()] = REMOVED

    def tidy(self) -> None:
        """Moves runs together again of which more than half is removed."""
        for place, run in enumerate(self.runs):
            if np.count_nonzero(run.block.orders == REMOVED) * 2 > run.block.orders.size:
                self.runs[place] = Run.merged([run])
        self.runs = [run for run in self.runs if run.keys.size]

    @property
    def nbytes(self) -> int:
        """Memory of all rows, taken or free."""
        return self.tail.nbytes + sum(run.keys.nbytes + run.block.nbytes for run in self.runs)


def _remove(block: Block, rows: Rows) -> int:
    block.orders[rows] = REMOVED
    return rows.size
