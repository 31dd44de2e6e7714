"""Chooses the two TCP ports of a node."""

import contextlib
import socket
import sys
from pathlib import Path

from services.runtime.local_kafka.errors import PortTaken
from services.runtime.local_kafka.properties import HOST, Ports, parse_properties


def previous_ports(server_properties: Path) -> Ports | None:
    """The ports that the folder's last broker had, so that its clients find it again; None when there are none."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        listeners = parse_properties(server_properties.read_text("ascii"))["listeners"].split(",")
        broker, controller = (int(listener.rpartition(":")[2]) for listener in listeners)
        return Ports(broker, controller)
    return None


def choose_ports(wanted: int | None, previous: Ports | None) -> Ports:
    """Free ports: the wanted one, those of the last time when they are free, else any.

    They are free now; the broker may find them taken a second later, and then another choice is due. Raises PortTaken
    when the wanted port cannot be had.
    """
    with contextlib.ExitStack() as stack:
        broker = _exactly(wanted, stack) if wanted else _free(previous.broker if previous else 0, stack)
        controller = _free(previous.controller if previous else 0, stack)
        return Ports(broker, controller)


def _exactly(port: int, stack: contextlib.ExitStack) -> int:
    try:
        return _bind(port, stack)
    except OSError as error:
        raise PortTaken(f"port {port} of {HOST} cannot be had: {error.strerror or error}") from error


def _free(preferred: int, stack: contextlib.ExitStack) -> int:
    """The preferred port when it can be bound, else any; bound until the stack closes, so no port is chosen twice."""
    with contextlib.suppress(OSError):
        return _bind(preferred, stack)
    return _bind(0, stack)


def _bind(port: int, stack: contextlib.ExitStack) -> int:
    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    if sys.platform != "win32":  # As Java does: connections of the last broker that linger in TIME_WAIT don't count.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    sock.listen(1)  # On Linux it is listening, not binding, that keeps others with SO_REUSEADDR away.
    return int(sock.getsockname()[1])
