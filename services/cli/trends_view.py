"""What is talked about, for a person: a row for each name, in its own script and direction."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.table import Table
from rich.text import Text

from schemas.publication_date import rfc3339
from services.cli.bidi import isolated
from services.cli.rendering import TYPE_STYLES
from services.cli.screen import harmless

if TYPE_CHECKING:
    from services.trends.answer import Answer, Row

HEADER = (
    "name",
    "type",
    "rising",
    "score",
    "originals",
    "duplicates",
    "sources",
    "sentiment",
    "languages",
    "first seen",
    "mentions over time",
)

_BARS = "▁▂▃▄▅▆▇█"
_NAME_CELLS, _LEAST_NAME_CELLS = 40, 22
_BETWEEN_CELLS = 2  # from one column to the next
_LANGUAGES = 3

_NUMBERS = frozenset({"score", "originals", "copies", "sources", "sentiment"})
_DROPPED_FIRST = ("since", "score", "languages", "sources", "type", "sentiment", "mentions", "copies")
"""What a narrow terminal does without."""


def sparkline(counts: Sequence[int]) -> str:
    """A bar for each count, the largest the highest; only nothing has the lowest."""
    most = max(counts, default=0)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] if count else _BARS[0] for count in counts)


def table(answer: "Answer", width: int, footer: str = "") -> Group:
    """The answer for a terminal of so many cells."""
    columns = _columns(answer)
    room = width - _cells(columns) - _BETWEEN_CELLS
    for name in _DROPPED_FIRST:
        if room < _LEAST_NAME_CELLS:
            room += _cells({name: columns.pop(name)})
    cells = max(1, min(_NAME_CELLS, room))
    names = [Text(_name(row.label, cells), "bold" if row.burst.rising else "") for row in answer.trends]
    # Nothing is left for the table to cut: it would cut off the end of an isolate.
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    ordered = {"": columns.pop(""), "name": names, **columns}
    for name in ordered:
        shown.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for row in zip(*ordered.values(), strict=True):
        shown.add_row(*row)
    nothing = () if answer.trends else (Text("nothing yet", "dim"),)
    return Group(Text(_title(answer), "bold"), shown, *nothing, Text(footer, "dim"))


def plain(row: "Row") -> Sequence[str]:
    """The row's values under HEADER."""
    return (
        row.label,
        row.type or row.kind,
        "rising" if row.burst.rising else "",
        f"{row.burst.score:.2f}",
        str(row.originals),
        str(row.duplicates),
        _sources(row),
        "" if row.sentiment is None else f"{row.sentiment:+.2f}",
        " ".join(f"{each.tag}:{each.mentions}" for each in row.languages),
        rfc3339(row.first_seen),
        " ".join(map(str, row.sparkline)),
    )


def _title(answer: "Answer") -> str:
    if answer.window is None:
        return "no article so far"
    missing = " · NOT COMPLETE: a worker's share is missing" if answer.partial else ""
    start, end = (rfc3339(moment)[:16].replace("T", " ") for moment in (answer.window.start, answer.window.end))
    return f"{start} to {end} UTC, in event time{missing}"


def _columns(answer: "Answer") -> dict[str, list[Text]]:
    """Everything beside the name, by the column's heading."""
    rows, window = answer.trends, answer.window
    return {
        "": [Text("▲" if row.burst.rising else " ", "bold red") for row in rows],
        "type": [Text(row.type or row.kind, TYPE_STYLES.get(row.type or "", "")) for row in rows],
        "mentions": [Text(sparkline(row.sparkline), "cyan") for row in rows],
        "score": [Text(f"{row.burst.score:.1f}") for row in rows],
        "originals": [Text(f"{row.originals:,}") for row in rows],
        "copies": [Text(f"{row.duplicates:,}", "" if row.duplicates else "dim") for row in rows],
        "sources": [Text(_sources(row)) for row in rows],
        "sentiment": [_sentiment(row.sentiment) for row in rows],
        "languages": [Text(_languages(row)) for row in rows],
        "since": [Text("new", "yellow") if window and row.first_seen >= window.start else _day(row) for row in rows],
    }


def _cells(columns: Mapping[str, Sequence[Text]]) -> int:
    """How many cells the columns take, each with what is between it and the next."""
    return sum(max(map(cell_len, (name, *(text.plain for text in texts)))) + _BETWEEN_CELLS for name, texts in columns.items())


def _day(row: "Row") -> Text:
    return Text(rfc3339(row.first_seen)[:10], "dim")


def _name(label: str, cells: int) -> str:
    """The name in at most so many cells, with its own direction."""
    label = harmless(label)
    return isolated(label if cell_len(label) <= cells else set_cell_size(label, cells - 1).rstrip() + "…")


def _sources(row: "Row") -> str:
    return f"{row.sources:,}" + ("" if row.sources_complete else "+")


def _sentiment(mean: float | None) -> Text:
    if mean is None:
        return Text("–", "dim")
    style = "red" if mean <= -0.2 else "green" if mean >= 0.2 else "dim"
    return Text(f"{round(mean, 2) + 0.0:+.2f}".replace("-", "−"), style)


def _languages(row: "Row") -> str:
    more = len(row.languages) - _LANGUAGES
    return " ".join(each.tag for each in row.languages[:_LANGUAGES]) + (f" +{more}" if more > 0 else "")
