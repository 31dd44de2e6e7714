"""Imports a file: its records to the broker in order, in batches that are confirmed before they count as done."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from services.cli.arrivals import Arrivals
from services.cli.connection import Connection
from services.cli.importing.account import Account
from services.cli.importing.bar import reading_bar
from services.cli.importing.checkpoint import Checkpoints, checkpoints
from services.cli.importing.opened import Opened, PassedOver
from services.cli.inputs import Input
from services.cli.publishing import Publisher, open_publisher
from services.cli.raw_messages import raw_messages
from services.cli.screen import note
from services.runtime.data_folder import data_folder
from services.runtime.errors import InvalidRecord

# What is sent again after a kill is at most so much.
BATCH_RECORDS, BATCH_S = 500, 2.0

_TAKE, _WAIT_S = 50, 0.2
_SHOWN_REFUSALS = 10

Open = Callable[[Path, int], AbstractContextManager[Opened]]
"""Opens a file at the record behind so many."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to import, and how."""

    open: Open
    options: str
    """Those that decide what the records are: an import doesn't go on with others."""
    rate: float | None = None
    is_restart: bool = False


async def import_file(connection: Connection, path: Path, job: Job) -> Account:
    """Publishes what is left of the file.

    Raises:
        CouldNot: the file isn't of its format or breaks off, the broker went away, or an unfinished import can't go on.
    """
    cluster = str((await connection.admin.describe_cluster())["cluster_id"])
    place = checkpoints(data_folder(), path, cluster, job.options)
    begun = place.begin(job.is_restart)
    if begun is not None and begun.is_complete:
        note(f"{path}: imported whole at {begun.saved_at}; --restart imports it again")
        return begun.account
    account = begun.account if begun is not None else Account()
    if begun is not None:
        note(f"{path}: goes on behind record {account.records}, where it stopped at {begun.saved_at}; --restart begins anew")
    with job.open(path, account.records) as opened:
        async with open_publisher(connection.bootstrap_servers, connection.kafka, job.rate) as publisher:
            await _Import(place, account, publisher).run(opened, str(path))
    return account


def look_through(path: Path, job: Job) -> Account:
    """The same books without a broker: nothing is sent, nothing is kept. Raises CouldNot for a broken file."""
    account, refusals = Account(), Refusals()
    with job.open(path, 0) as opened, reading_bar(opened, f"reading {path.name}") as advance:
        for found in opened.inputs:
            try:
                for _ in raw_messages(found):
                    account.publish()
            except InvalidRecord as refusal:
                account.skip(refusal)
                refusals.show(found, refusal)
            advance(account.records)
    return account


class Refusals:
    """Names the first records that should have been articles and are none; the others are only counted."""

    def __init__(self) -> None:
        self._shown = 0

    def show(self, found: Input, refusal: InvalidRecord) -> None:
        """A line on standard error, unless there were enough."""
        if isinstance(refusal, PassedOver) or self._shown > _SHOWN_REFUSALS:
            return
        self._shown += 1
        is_last = self._shown > _SHOWN_REFUSALS
        note("further ones are only counted" if is_last else f"{found.place}: {refusal.error_class}: {refusal}")


class _Import:
    """One run over one file."""

    def __init__(self, place: Checkpoints, account: Account, publisher: Publisher) -> None:
        self._place, self._account, self._publisher = place, account, publisher
        self._refusals = Refusals()
        self._kept, self._kept_at = account.records, time.monotonic()

    async def run(self, opened: Opened, name: str) -> None:
        arrivals = Arrivals(opened.inputs)
        try:
            with reading_bar(opened, f"importing {Path(name).name}") as advance:
                while (inputs := await asyncio.to_thread(arrivals.take, _TAKE, _WAIT_S)) is not None:
                    for found in inputs:
                        await self._send(found)
                        if self._is_due:
                            await self._keep(is_complete=False)
                    advance(self._account.records)
            await self._keep(is_complete=True)
        except BaseException:
            note(f"{name}: stopped; the same command goes on behind record {self._kept}")
            raise

    async def _send(self, found: Input) -> None:
        try:
            for message in raw_messages(found):
                await self._publisher.send(message)
                self._account.publish()
        except InvalidRecord as refusal:
            self._account.skip(refusal)
            self._refusals.show(found, refusal)

    @property
    def _is_due(self) -> bool:
        waiting = self._account.records - self._kept
        return waiting >= BATCH_RECORDS or (waiting > 0 and time.monotonic() - self._kept_at >= BATCH_S)

    async def _keep(self, is_complete: bool) -> None:
        """First the broker's word for everything sent, then ours for where we are."""
        await self._publisher.confirm()
        self._place.save(self._account, is_complete)
        self._kept, self._kept_at = self._account.records, time.monotonic()
