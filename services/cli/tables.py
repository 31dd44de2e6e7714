"""Tables: drawn on a terminal, tab-separated in a pipe, so that cut and awk can read them."""

from collections.abc import Iterable, Sequence

from services.cli.screen import harmless, is_terminal, out


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Prints the rows under their header."""
    if not is_terminal():
        for row in (header, *rows):
            print("\t".join(harmless(cell) for cell in row))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold")
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    out().print(table)
