"""`newsloom export`: a topic as it is now, as a file."""

import asyncio
import sys
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from schemas.topics import Topic
    from services.cli.reading import Fetched


class ExportFormat(StrEnum):
    """What comes out."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def run(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="news.raw, news.enriched, news.raw.dlq …")],
    format: Annotated[ExportFormat, typer.Option(help="parquet and csv have one column a field.")] = ExportFormat.JSONL,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.")] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Only the last record of each article, and none that was withdrawn.")
    ] = False,
) -> int:
    """Export what is on a topic now.

    Reads from the beginning to where the end is at the start. A file appears under its name only when it is complete.

    Example: newsloom export news.enriched --format parquet --latest -o enriched.parquet
    """
    from services.cli.connection import topic_named
    from services.cli.errors import WrongUse

    wanted = topic_named(topic)
    if format is ExportFormat.PARQUET and output is None and sys.stdout.isatty():
        raise WrongUse("parquet is nothing for a terminal: name a file with --output")
    if output is not None and not output.absolute().parent.is_dir():
        raise WrongUse(f"{output.parent} is no folder")
    return asyncio.run(_export(wanted, format, output, latest))


async def _export(topic: "Topic", format: ExportFormat, output: Path | None, is_latest: bool) -> int:
    from services.cli.connection import connected
    from services.cli.export_files import open_writer
    from services.cli.reading import end_offsets, open_reader
    from services.cli.screen import note

    count = skipped = 0
    # The writer first: a library that isn't there or a folder that can't be written needs no broker to be noticed.
    with open_writer(format.value, topic, output) as write:
        async with connected() as connection, open_reader(connection, [topic]) as consumer:
            ends = await end_offsets(consumer)
            async for record in _latest(consumer, ends) if is_latest else _all(consumer, ends):
                written = write(record)
                count, skipped = count + written, skipped + (not written)
    rest = f", left out {skipped:,} that have no columns (withdrawn or unreadable; jsonl has them)" if skipped else ""
    note(f"exported {count:,} records of {topic.name}{f' to {output}' if output else ''}{rest}")
    return 0


async def _all(consumer: "AIOKafkaConsumer", ends: "dict[TopicPartition, int]") -> "AsyncIterator[Fetched]":
    from services.cli.reading import read_until

    async for record in read_until(consumer, ends):
        yield record


async def _latest(consumer: "AIOKafkaConsumer", ends: "dict[TopicPartition, int]") -> "AsyncIterator[Fetched]":
    """Reads twice, so that only a small digest of each key is in memory, never a record."""
    from services.cli.latest import LatestByKey
    from services.cli.reading import read_until, seek_to_beginning

    latest = LatestByKey()
    async for record in read_until(consumer, ends):
        latest.see(record.partition, record.offset, record.key)
    await seek_to_beginning(consumer)
    async for record in read_until(consumer, ends):
        if record.value is not None and latest.is_latest(record.partition, record.offset, record.key):
            yield record
