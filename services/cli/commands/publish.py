"""`newsloom publish`: articles from files onto news.raw."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.formats import Format

if TYPE_CHECKING:
    from services.cli.inputs import Input
    from services.cli.publishing import Publisher

_TAKE, _WAIT_S = 100, 0.2


def run(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...|-", help="What to publish; - or nothing: standard input.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to read it; auto: by suffix, else by the first character.")] = Format.AUTO,
    repeat: Annotated[int, typer.Option(min=1, help="Publish each article so often, each time under a new id.")] = 1,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Records per second at most.")] = None,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Send also what is no article, as it is.")] = False,
) -> int:
    """Publish articles on news.raw.

    One JSON object with url and text (or html) a line; text and HTML files are one article each. The key is the
    article's id, made from its URL. What is no article is refused and named; every delivery is confirmed.

    Example: newsloom publish seeds/articles.jsonl --repeat 100 --rate 50
    """
    from services.cli.inputs import require_files

    return asyncio.run(_publish(require_files(files or []), format, repeat, rate, unchecked))


async def _publish(names: Sequence[str], format: Format, repeat: int, rate: float | None, is_unchecked: bool) -> int:
    from schemas.topics import NEWS_RAW
    from services.cli.arrivals import Arrivals
    from services.cli.connection import connected, named_errors
    from services.cli.errors import COULD_NOT, FINE
    from services.cli.inputs import read_inputs
    from services.cli.progress import reading_progress
    from services.cli.publishing import open_publisher

    refused, began = 0, time.monotonic()
    async with connected() as connection:
        await connection.partitions(NEWS_RAW)
        with named_errors(connection.bootstrap_servers), reading_progress(names, "publishing") as advance:
            async with open_publisher(connection.bootstrap_servers, connection.kafka, rate) as publisher:
                arrivals = Arrivals(read_inputs(names, format))
                while (inputs := await asyncio.to_thread(arrivals.take, _TAKE, _WAIT_S)) is not None:
                    for found in inputs:
                        refused += not await _send(publisher, found, repeat, is_unchecked)
                        advance(found)
    took_s = time.monotonic() - began
    rest = f", refused {refused:,} inputs" if refused else ""
    print(f"published {publisher.confirmed:,} records to {NEWS_RAW.name} in {took_s:.1f} s{rest}")
    return COULD_NOT if refused else FINE


async def _send(publisher: "Publisher", found: "Input", repeat: int, is_unchecked: bool) -> bool:
    """Whether it was sent; says on standard error why not."""
    from services.cli.raw_messages import raw_messages, unchecked_messages
    from services.cli.screen import note
    from services.runtime.errors import InvalidRecord

    try:
        for message in (unchecked_messages if is_unchecked else raw_messages)(found, repeat):
            await publisher.send(message)
    except InvalidRecord as refusal:
        note(f"{found.place}: {refusal.error_class}: {refusal}")
        return False
    return True
