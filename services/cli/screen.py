"""Standard output and standard error: what is a terminal, who writes where, and nothing that a terminal would obey."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def out() -> "Console":
    """A console on standard output; colours only on a terminal and without NO_COLOR."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, emoji=False)


def err() -> "Console":
    """The same on standard error."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, emoji=False)


def note(line: str) -> None:
    """A line for a person, beside the output."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Says on a terminal what the block waits for; nothing stays of it."""
    if not sys.stderr.isatty():
        yield
        return
    with err().status(what):
        yield


def write_line(line: bytes) -> None:
    """A line of output as bytes, at once: whoever reads it may wait for it."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def write_json(document: Mapping[str, Any]) -> None:
    """An object as one line of output."""
    import orjson

    write_line(orjson.dumps(document))


def harmless(text: str) -> str:
    """The text without control characters: an article must not move the cursor or colour the screen."""
    if text.isprintable():
        return text
    return "".join("�" if letter < " " or "\x7f" <= letter <= "\x9f" else letter for letter in " ".join(text.split()))
