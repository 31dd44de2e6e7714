"""What every format's reader gives: a file's records one after the other, and how far they have been read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.cli.errors import CouldNot
from services.cli.inputs import Input
from services.runtime.errors import InvalidRecord

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_KINDS = (
    (GZIP, "gzip"),
    (ZSTD, "Zstandard"),
    (PARQUET, "Parquet"),
    (b"WARC/", "WARC"),
    (b"filedesc://", "ARC, the format before WARC: `warcio recompress` makes one of it"),
    (b"PK\x03\x04", "ZIP"),
    (b"<", "HTML or XML"),
    (b"{", "JSON lines, or one JSON object"),
    (b"[", "a JSON array, which `newsloom publish` reads"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read."""

    inputs: Iterator[Input]
    """Its records; a record that is no article has its refusal. Where the file can't be read further, CouldNot is raised."""
    position: Callable[[], int]
    """How much of `total` is read."""
    total: int
    """Bytes as they lie on the disk, or rows."""


class PassedOver(InvalidRecord):
    """A record that was never meant to be an article, such as a redirect; counted, and no failure."""


def wrong_kind(path: Path, wanted: str, head: bytes) -> CouldNot:
    """The one line for a file that is something else than it should be; `head` is how it begins, decompressed."""
    kind = next((name for magic, name in _KINDS if head.lstrip().startswith(magic)), None)
    found = f"it looks like {kind}" if kind else "it is empty" if not head else f"it begins with {head[:16]!r}"
    return CouldNot(f"{path} is no {wanted}: {found}")
