"""Notices when too many records fail: one bad deployment must not empty a topic into its dead letters (pure)."""

from collections import deque
from collections.abc import Iterable

from services.runtime.records import Outcome


class Breaker:
    """Counts failures in a row and in a moving window; a limit of 0 switches that count off."""

    def __init__(self, in_a_row: int, share: float, window: int) -> None:
        """`share` is that of failed records among the last `window` ones, 0–1; it counts once the window is full."""
        self._in_a_row, self._share = in_a_row, share
        self._row = 0
        self._window: deque[bool] = deque(maxlen=window)
        self._failed = 0

    def observe(self, outcomes: Iterable[Outcome]) -> str | None:
        """Takes in what became of records; says why to stop when a limit is reached, and begins to count anew then."""
        for outcome in outcomes:
            self._count(outcome.is_failure)
            if reason := self._reason():
                self.reset()
                return reason
        return None

    def reset(self) -> None:
        """Forgets what it counted."""
        self._row = self._failed = 0
        self._window.clear()

    def _count(self, is_failure: bool) -> None:
        if len(self._window) == self._window.maxlen:
            self._failed -= self._window[0]
        self._window.append(is_failure)
        self._failed += is_failure
        self._row = self._row + 1 if is_failure else 0

    def _reason(self) -> str | None:
        if self._in_a_row and self._row >= self._in_a_row:
            return f"{self._row} records failed in a row"
        size = len(self._window)
        if self._share and size == self._window.maxlen and self._failed >= self._share * size:
            return f"{self._failed} of the last {size} records failed"
        return None
