"""Shows on standard error how far reading has come: a bar on a terminal, nothing elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

from services.cli.inputs import Input, total_bytes

Advance = Callable[[Input], None]


@contextlib.contextmanager
def reading_progress(names: Sequence[str], verb: str, is_wanted: bool = True) -> Iterator[Advance]:
    """Counts each input that it is called with; the bar vanishes when the block ends."""
    if not (is_wanted and sys.stderr.isatty()):
        yield lambda found: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from services.cli.screen import err

    total = total_bytes(names)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]:,} inputs"), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task, done = bar.add_task(verb, total=total, done=0), 0

        def advance(found: Input) -> None:
            nonlocal done
            done += 1
            bar.update(task, advance=len(found.value) + 1, done=done)

        yield advance
