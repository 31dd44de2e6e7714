"""What the system says about a running process (Linux; zero elsewhere)."""

import os
from pathlib import Path

_STAT, _STATM, _FD = "/proc/{}/stat", "/proc/{}/statm", "/proc/{}/fd"


def processor_s(pid: int) -> float:
    """Processor time of all its threads until now, in seconds."""
    try:
        fields = Path(_STAT.format(pid)).read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory that it holds in RAM, in bytes."""
    try:
        pages = int(Path(_STATM.format(pid)).read_text(encoding="utf-8").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def sockets(pid: int) -> int:
    """Sockets that it has open."""
    try:
        return sum(str(link.readlink()).startswith("socket:") for link in Path(_FD.format(pid)).iterdir())
    except OSError:  # it ended, or closed one while we looked
        return 0
