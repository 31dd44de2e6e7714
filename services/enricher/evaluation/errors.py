"""What can be wrong with an annotated file."""

from pathlib import Path

from services.runtime.errors import IngestError


class BadAnnotation(IngestError):
    """A file, or a row of it, can't be read as gold; the message names file, line and what is wrong."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
