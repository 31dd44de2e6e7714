"""How many workers began at an offset and got no further, as it is remembered with the committed offset (pure).

A worker commits the same offset with one start more before it handles its first batch; every commit that moves on forgets
them. So a record that kills its process is found out, however the process died.
"""

from typing import NamedTuple

_PREFIX = "starts="

# Two workers died here; a person who restarts one by hand twice in the wrong moments costs some speed and nothing else.
SUSPICIOUS = 3


class Begin(NamedTuple):
    """Where a partition goes on, and how many workers began there before."""

    offset: int
    starts: int


def note_of(starts: int) -> str:
    """The metadata of the committed offset."""
    return f"{_PREFIX}{starts}"


def starts_of(note: str) -> int:
    """What the metadata says; other clients may have written anything."""
    number = note.removeprefix(_PREFIX)
    return int(number) if note.startswith(_PREFIX) and number.isascii() and number.isdigit() and len(number) < 6 else 0
