"""`newsloom demo`: the sample articles through a throw-away broker, shown and counted."""

import asyncio
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from rich.console import Console

    from services.cli.connection import Connection
    from services.cli.inputs import Input
    from services.cli.processes import Process
    from services.cli.reading import Fetched
    from services.cli.showing import Show
    from services.cli.tally import Tally

_ARTICLES = "articles.jsonl"
_POLL_MS = 200
_SHOWN_LOG_LINES = 8


def run(
    seeds: Annotated[
        Path | None, typer.Option(help="Articles to use, or the folder of articles.jsonl; default: our own.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first so many.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON record a line.")] = False,
    patience: Annotated[float, typer.Option(min=1, help="Give up after so many seconds without progress.")] = 180.0,
) -> int:
    """Run it all once, on a throw-away broker.

    Starts an Apache Kafka that leaves nothing behind, publishes the sample articles, lets the enricher work, shows each
    record as it arrives, and closes the books: what went in must equal what came out, or the exit code is 1.

    Example: newsloom demo --limit 10
    """
    from services.cli.errors import COULD_NOT, FINE
    from services.cli.inputs import read_inputs

    inputs = list(itertools.islice(read_inputs([str(find_seeds(seeds))]), limit))
    balances = asyncio.run(_demo(inputs, json, patience))
    return FINE if balances else COULD_NOT


def find_seeds(given: Path | None) -> Path:
    """The file with the sample articles.

    Raises:
        WrongUse: it isn't where it was said to be, or nowhere.
    """
    from services.cli.errors import WrongUse

    folders = [given] if given is not None else [Path("seeds"), Path(__file__).resolve().parents[3] / "seeds"]
    for folder in folders:
        for path in (folder / _ARTICLES, folder):
            if path.is_file():
                return path
    if given is not None:
        raise WrongUse(f"{given} is no file, and no folder with {_ARTICLES}")
    raise WrongUse("the sample articles are not part of an installation: run this in a checkout, or name some with --seeds")


async def _demo(inputs: "Sequence[Input]", is_json: bool, patience_s: float) -> bool:
    from schemas.topics import NEWS_ENRICHED, NEWS_RAW_DLQ
    from services.cli.connection import connected_to
    from services.cli.processes import Process
    from services.cli.reading import open_reader
    from services.cli.screen import note
    from services.cli.service_table import ENRICHER
    from services.cli.tally import Tally
    from services.runtime.broker import throw_away
    from services.runtime.settings import KafkaSettings, read_settings
    from services.runtime.topic_admin import apply_topics

    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="newsloom-demo-") as logs:
        async with throw_away(read_settings(KafkaSettings), note) as broker, connected_to(broker) as connection:
            await apply_topics(connection.admin)
            process = Process(ENRICHER, broker.kafka, Path(logs))
            await process.start()
            try:
                count = await _publish(connection, inputs)
                note(f"published {count} articles; the enricher loads its models")
                with _screen(count, is_json) as (show, advance):
                    async with open_reader(connection, [NEWS_ENRICHED, NEWS_RAW_DLQ]) as consumer:
                        watch = _Watch(consumer, tally, show, advance)
                        await watch.until(count, process, patience_s)
                        await process.stop()
                        await watch.rest()
            finally:
                await process.stop()
    note(f"{len(tally.languages)} languages: {' '.join(sorted(tally.languages))}")
    print(tally.balance(count), file=sys.stderr if is_json else sys.stdout, flush=True)
    return tally.outcomes == count


async def _publish(connection: "Connection", inputs: "Sequence[Input]") -> int:
    """Sends everything as it is, so that what is no article becomes a dead letter; how many records that made."""
    from services.cli.publishing import open_publisher
    from services.cli.raw_messages import unchecked_messages

    async with open_publisher(connection.bootstrap_servers, connection.kafka) as publisher:
        for found in inputs:
            for message in unchecked_messages(found):
                await publisher.send(message)
    return publisher.confirmed


class _Watch:
    """Reads what the enricher writes."""

    def __init__(self, consumer: "AIOKafkaConsumer", tally: "Tally", show: "Show", advance: Callable[[], None]) -> None:
        self._consumer, self._tally, self._show, self._advance = consumer, tally, show, advance

    async def until(self, count: int, process: "Process", patience_s: float) -> None:
        """Returns when there are as many outcomes as inputs; raises CouldNot when the enricher ends or stands still."""
        moved_at = time.monotonic()
        while self._tally.outcomes < count:
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
            for records in fetched.values():
                for record in records:
                    self._take(record)
            if fetched:
                moved_at = time.monotonic()
            elif process.status is not None:
                raise _stopped(process, f"the enricher ended with exit code {process.status}")
            elif time.monotonic() - moved_at > patience_s:
                raise _stopped(process, f"nothing came out for {patience_s:g} s ({self._tally.outcomes} of {count} did)")

    async def rest(self) -> None:
        """Takes what is there beyond that: a record that came out twice must be seen."""
        from services.cli.reading import end_offsets, read_until

        async for record in read_until(self._consumer, await end_offsets(self._consumer)):
            self._take(record)

    def _take(self, record: "Fetched") -> None:
        self._tally.count(record)
        self._show(record)
        self._advance()


def _stopped(process: "Process", why: str) -> Exception:
    """The error, after the enricher's last words were shown."""
    from services.cli.errors import CouldNot
    from services.cli.log_lines import decisive, readable
    from services.cli.screen import note

    lines = process.last_lines(_SHOWN_LOG_LINES)
    for line in lines:
        note(f"  enricher: {readable(line)}")
    return CouldNot(f"{why}: {decisive(lines)}")


@contextlib.contextmanager
def _screen(total: int, is_json: bool) -> "Iterator[tuple[Show, Callable[[], None]]]":
    """How to show a record and how to move the bar; bar and records share a console, so that neither overwrites the other."""
    from services.cli.screen import err, is_terminal, out
    from services.cli.showing import shown_as_json, shown_to_person

    console = out() if is_terminal() and not is_json else err()
    show = shown_as_json if is_json else shown_to_person(console if is_terminal() else None)
    if not console.is_terminal or (is_json and is_terminal()):
        yield show, lambda: None
        return
    with _bar(console, total) as advance:
        yield show, advance


@contextlib.contextmanager
def _bar(console: "Console", total: int) -> Iterator[Callable[[], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("enriching"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("enriching", total=total)
        yield lambda: bar.advance(task)
