"""The stream's own time: event time, never the wall clock."""

import struct
from dataclasses import dataclass

_CLOCK = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Clock:
    """The stream's own time, in seconds: its newest event, and where its history begins."""

    now_s: int = 0
    started_s: int = 0

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return _CLOCK.pack(self.now_s, self.started_s)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Clock":
        """As `to_bytes` made it."""
        return cls(*_CLOCK.unpack(data))

    def after(self, event_time_s: int, collected_s: int) -> "Clock":
        """The time once an event was seen; history begins when the first one was collected."""
        return Clock(max(self.now_s, event_time_s), self.started_s or collected_s)
