"""Reads from a broker's log whether it is ready, and why it is not (pure)."""

import re

_READY = "Kafka Server started"  # KafkaRaftServer says it once the broker is unfenced and answers requests.
_PORT_TAKEN = re.compile(r"Address already in use|BindException")
_IN_USE = re.compile(r"Failed to acquire lock on file \.lock")
_GRAVE = re.compile(r"^\[[^\]]+\] (?:ERROR|FATAL) (?P<message>.*)\n(?P<trace>(?:(?!\[\d).*\n?)*)", re.MULTILINE)
_CAUSE = re.compile(r'^(?:Caused by: |Exception in thread "[^"]*" )?([\w.$]+(?:Exception|Error): .+)$', re.MULTILINE)


def is_ready(log: str) -> bool:
    """Whether the broker has started."""
    return _READY in log


def is_port_taken(log: str) -> bool:
    """Whether the broker could not bind one of its ports."""
    return _PORT_TAKEN.search(log) is not None


def is_folder_in_use(log: str) -> bool:
    """Whether another Kafka, not started by us, holds the log folder."""
    return _IN_USE.search(log) is not None


def decisive_line(log: str, console: str) -> str:
    """The one line that tells most: the innermost cause of the first error, else that error, else the last word."""
    grave = _GRAVE.search(log)
    causes = _CAUSE.findall(grave["trace"] if grave else console)
    if causes:
        return str(causes[-1]).strip()
    if grave:
        return grave["message"].strip()
    lines = [line for line in (console or log).splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"
