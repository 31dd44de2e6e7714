"""Where the trends service's API is: as given, else where the last `newsloom up` ran it, else where it listens by default."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from services.cli.errors import WrongUse

VARIABLE = "TRENDS_URL"
PORT = 6066
_DEFAULT = f"http://127.0.0.1:{PORT}"
_FILE = "trends.address"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask, and why there."""

    url: str
    why: str


def remember(folder: Path, url: str) -> None:
    """Leaves the address in the data folder, for commands in other terminals; it stays there when the service ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(f"{url}\n", "ascii")


def find(given: str | None, folder: Path) -> Address:
    """The address to ask.

    Raises:
        WrongUse: what was given is no http:// or https:// address.
    """
    if given is not None:
        return Address(_checked(given), f"--url or {VARIABLE}")
    with contextlib.suppress(OSError, UnicodeDecodeError, WrongUse):
        return Address(_checked((folder / _FILE).read_text("ascii").strip()), "where the last `newsloom up` had it")
    return Address(_DEFAULT, "where it listens by default")


def _checked(url: str) -> str:
    parts = urlsplit(url)
    with contextlib.suppress(ValueError):
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port):
            return url.rstrip("/").removesuffix("/trends")
    raise WrongUse("--url is the address of a trends service, such as http://127.0.0.1:6066")
