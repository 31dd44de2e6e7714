"""Shows the first download: a bar on a terminal, a plain line elsewhere."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class DownloadProgress:
    """Called with how many jars are there and how many there will be; silent when nothing has to be fetched."""

    def __init__(self, what: str, console: Console | None = None) -> None:
        # Standard error, so that a command's output stays its own. rich knows NO_COLOR and dumb terminals.
        self._console = console or Console(stderr=True)
        self._what = what
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __call__(self, done: int, total: int) -> None:
        """Draws the state; the first call starts the bar and the last one ends it."""
        if not self._console.is_terminal:
            if done == 0:
                self._console.print(f"Fetching {self._what} ({total} files), once", highlight=False)
            return
        if self._bar is None:
            self._bar = _bar(self._console)
            self._task = self._bar.add_task(f"Fetching {self._what}, once", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done)
        if done == total:
            self.close()

    def close(self) -> None:
        """Ends the bar, also after a failure; the terminal is as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _bar(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
