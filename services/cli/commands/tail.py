"""`newsloom tail`: a topic's records as they come."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.topics import Topic
    from services.cli.positions import Position
    from services.cli.reading import Fetched

_LANGUAGE_HEADER = "newsloom.language"


def run(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="news.raw, news.enriched, news.raw.dlq …")],
    json: Annotated[bool, typer.Option("--json", help="One JSON record a line, also on a terminal.")] = False,
    begin: Annotated[
        str, typer.Option("--from", metavar="POSITION", help="beginning, end, an offset, or a time (RFC 3339).")
    ] = "end",
    lang: Annotated[
        str | None, typer.Option(metavar="TAG", help="Only this language (BCP 47); zh is also zh-Hans and zh-Hant.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
) -> int:
    """Show a topic's records as they come.

    In a pipe one JSON record a line comes out; a dead letter has its class and where it came from. Runs until Ctrl-C
    or the limit; takes nothing from any consumer group.

    Example: newsloom tail news.enriched --from 2024-05-31T12:00:00Z --lang ar
    """
    from schemas.topics import NEWS_ENRICHED
    from services.cli.connection import topic_named
    from services.cli.errors import WrongUse
    from services.cli.positions import parse_position

    wanted, position = topic_named(topic), parse_position(begin)
    if lang is not None and wanted is not NEWS_ENRICHED:
        raise WrongUse(f"--lang is for {NEWS_ENRICHED.name}: only there the language is known")
    asyncio.run(_tail(wanted, position, json, lang, limit))
    return 0


async def _tail(topic: "Topic", position: "Position", is_json: bool, lang: str | None, limit: int | None) -> None:
    from services.cli.connection import connected
    from services.cli.positions import seek
    from services.cli.reading import follow, open_reader
    from services.cli.screen import is_terminal
    from services.cli.showing import shown_as_json, shown_to_person

    show = shown_as_json if is_json or not is_terminal() else shown_to_person()
    shown = 0
    async with connected() as connection, open_reader(connection, [topic]) as consumer:
        await seek(consumer, position)
        async for record in follow(consumer):
            if lang is None or is_in_language(record, lang):
                show(record)
                shown += 1
                if shown == limit:
                    return


def is_in_language(record: "Fetched", wanted: str) -> bool:
    """Whether an enriched record's language is the wanted one, or the wanted one with a script or region."""
    for name, value in record.headers:
        if name == _LANGUAGE_HEADER:
            return f"{value.decode('ascii', 'replace')}-".casefold().startswith(f"{wanted}-".casefold())
    return False
