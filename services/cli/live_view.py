"""Shows the running services: a live table on a terminal, a plain line now and then elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.cli.screen import is_terminal, out
from services.cli.supervision import State

if TYPE_CHECKING:
    from rich.console import RenderableType

_REFRESH_S = 0.5
_LINE_EVERY_S = 30.0

_STYLES = {
    "ready": "green",
    "starting": "yellow",
    "not ready": "yellow",
    "draining": "yellow",
    "restarting": "red",
    "stopped": "dim",
}
_COLUMNS = ("service", "state", "records/s", "lag", "restarts", "so far")
_NUMBERS = frozenset({"records/s", "lag", "restarts"})


async def show(states: Sequence[State], footer: str) -> None:
    """Shows the states until it is cancelled, and then once more."""
    await (_live(states, footer) if is_terminal() else _lines(states))


async def _live(states: Sequence[State], footer: str) -> None:
    from rich.live import Live

    with Live(console=out(), auto_refresh=False) as live:
        try:
            while True:
                live.update(_table(states, footer), refresh=True)
                await asyncio.sleep(_REFRESH_S)
        finally:
            live.update(_table(states, ""), refresh=True)


async def _lines(states: Sequence[State]) -> None:
    """A line for each service when its state changes, and once in a while."""
    shown: dict[str, tuple[str, float]] = {}
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            for state in states:
                word, at = shown.get(state.service.name, ("", 0.0))
                if state.word != word or time.monotonic() - at > _LINE_EVERY_S:
                    print(line(state), flush=True)
                    shown[state.service.name] = (state.word, time.monotonic())
            await asyncio.sleep(_REFRESH_S)
    for state in states:
        print(line(state), flush=True)


def line(state: State) -> str:
    """A service in one plain line."""
    values = zip(_COLUMNS[2:], _numbers(state), strict=True)
    reason = f"  {state.reason}" if state.reason else ""
    return f"{state.service.name} {state.word}  " + "  ".join(f"{name} {value}" for name, value in values) + reason


def _numbers(state: State) -> tuple[str, ...]:
    outcomes, lag = state.reading.outcomes, state.reading.lag
    so_far = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(outcomes.items()) if count)
    return (f"{state.rate:.1f}", "?" if lag is None else f"{lag:,}", str(state.restarts), so_far or "nothing")


def _table(states: Sequence[State], footer: str) -> "RenderableType":
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for state in states:
        table.add_row(state.service.name, Text(state.word, _STYLES[state.word]), *_numbers(state))
    reasons = [Text(f"{state.service.name}: {state.reason}", "yellow") for state in states if state.reason]
    return Group(table, *reasons, Text(footer, "dim"))
