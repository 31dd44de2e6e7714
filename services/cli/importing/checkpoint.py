"""Where an import stands, in a small file in the data folder: a run that was interrupted goes on from there.

Not read back from the topic: what was skipped leaves no trace there, an article doesn't say which file it came from, and
finding the last one would mean reading all of news.raw. One checkpoint is for one file and one Kafka cluster.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field, ValidationError

from schemas.contract import Contract
from schemas.publication_date import rfc3339
from services.cli.errors import CouldNot
from services.cli.importing.account import Account

_FOLDER = "imports"


class Checkpoint(Contract):
    """Everything up to here is confirmed by the broker, or counted as skipped."""

    path: str = Field(description="The file")
    cluster: str = Field(description="Id of the Kafka cluster that it went to")
    size: int = Field(ge=0, description="Of the file, in bytes")
    modified_ns: int = Field(description="When the file was last changed, in nanoseconds since 1970")
    options: str = Field(description="The options that decide what its records are")
    articles: int = Field(ge=0, description="Published records")
    skipped: Mapping[str, int] = Field(description="Others, by reason")
    refused: int = Field(ge=0, description="How many of the others are failures")
    is_complete: bool = Field(False, description="Whether the file was read to its end")
    saved_at: str = Field(description="RFC 3339, UTC")

    @property
    def account(self) -> Account:
        """The books so far, to go on with."""
        return Account(self.articles, Counter(self.skipped), self.refused)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoint of one file on one cluster."""

    file: Path
    path: Path
    cluster: str
    options: str
    size: int
    modified_ns: int
    """As the file was when the import began: one that changes meanwhile is another file."""

    def begin(self, is_restart: bool) -> Checkpoint | None:
        """Where to go on; None to begin at the beginning.

        Raises:
            CouldNot: an unfinished import of the file can't go on, because the file or the options have changed since.
        """
        found = None if is_restart else self._read()
        if found is None:
            return None
        is_same = (found.size, found.modified_ns) == (self.size, self.modified_ns)
        if found.is_complete:
            return found if is_same and found.options == self.options else None
        why = "the file has changed" if not is_same else "it was begun with other options"
        if not is_same or found.options != self.options:
            raise CouldNot(f"{self.path}: its import stopped behind record {found.account.records}, and {why} since: --restart")
        return found

    def save(self, account: Account, is_complete: bool) -> None:
        """Keeps where it stands; the file appears whole or not at all."""
        checkpoint = Checkpoint(
            path=str(self.path.resolve()),
            cluster=self.cluster,
            size=self.size,
            modified_ns=self.modified_ns,
            options=self.options,
            articles=account.articles,
            skipped=dict(account.skipped),
            refused=account.refused,
            is_complete=is_complete,
            saved_at=rfc3339(datetime.now(UTC).replace(microsecond=0)),
        )
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(checkpoint.model_dump_json(indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.file)

    def _read(self) -> Checkpoint | None:
        try:
            return Checkpoint.model_validate_json(self.file.read_bytes())
        except (FileNotFoundError, ValidationError):  # of another version: beginning anew sends nothing wrong, only again
            return None


def checkpoints(folder: Path, path: Path, cluster: str, options: str) -> Checkpoints:
    """The checkpoint of a file on a cluster, in the data folder."""
    name = hashlib.sha256(f"{path.resolve()}\0{cluster}".encode()).hexdigest()[:32]
    status = path.stat()
    return Checkpoints(folder / _FOLDER / f"{name}.json", path, cluster, options, status.st_size, status.st_mtime_ns)
