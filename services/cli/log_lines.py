"""Log lines of our services (JSON) as one readable line each."""

import json
from collections.abc import Sequence
from typing import Any

from services.cli.errors import one_line

_FIRST = ("level", "event", "reason", "error", "exception")
_NOISE = frozenset({"timestamp", "service", "level", "event"})
_GRAVE = frozenset({"error", "critical"})
_MAX_LENGTH = 300


def readable(line: str) -> str:
    """The event with its fields; a line that isn't one of our events as it is."""
    event = _event(line)
    if event is None:
        return one_line(line)[:_MAX_LENGTH]
    names = [name for name in _FIRST if name in event] + [name for name in event if name not in _FIRST]
    fields = " ".join(f"{name}={_value(name, event[name])}" for name in names if name not in _NOISE)
    return one_line(f"{event['event']} {fields}")[:_MAX_LENGTH]


def decisive(lines: Sequence[str]) -> str:
    """The line that tells why a process ended: its last error with a reason, else its last word."""
    events = [event for line in lines if (event := _event(line)) is not None]
    reasons = [str(event["reason"]) for event in events if event.get("level") in _GRAVE and event.get("reason")]
    if reasons:
        return one_line(reasons[-1])[:_MAX_LENGTH]
    return readable(lines[-1]) if lines else "it said nothing"


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _value(name: str, value: object) -> str:
    """Of a traceback only the last line, which names the error."""
    return str(value).strip().rpartition("\n")[2] if name == "exception" else str(value)
