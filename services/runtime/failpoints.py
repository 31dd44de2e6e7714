"""Named places on a batch's way where a test can make a worker wait, raise or die; nothing happens there otherwise."""

from collections.abc import Awaitable, Callable
from typing import Literal

Place = Literal[
    "during_producer_start",
    "after_fetch",
    "after_handling",
    "after_begin",
    "after_send",
    "after_offsets",
    "after_commit",
]

Failpoint = Callable[[Place], Awaitable[None]]


async def pass_by(place: Place) -> None:
    """Nothing happens here."""
