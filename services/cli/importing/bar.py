"""Shows on standard error how far an import has come: a bar on a terminal, nothing elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from services.cli.importing.opened import Opened

Advance = Callable[[int], None]


@contextlib.contextmanager
def reading_bar(opened: Opened, verb: str) -> Iterator[Advance]:
    """To be told how many records are done; the bar vanishes when the block ends."""
    if not sys.stderr.isatty():
        yield lambda records: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from services.cli.screen import err

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]:,} records"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(verb, total=opened.total, records=0)
        yield lambda records: bar.update(task, completed=opened.position(), records=records)
