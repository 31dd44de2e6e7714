"""`newsloom trends`: what the news is about right now."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.trends_address import Address
    from services.trends.answer import Answer
    from services.trends.query import Query

_REFRESH_S = 2.0


def run(
    window: Annotated[str, typer.Option(metavar="WINDOW", help="1h, 24h or 7d, up to the latest article's time.")] = "1h",
    kind: Annotated[str, typer.Option(metavar="KIND", help="entity, language, country (of the source) or topic.")] = "entity",
    type: Annotated[str | None, typer.Option(metavar="TYPE", help="Of entities: PER, ORG, LOC or MISC.")] = None,
    lang: Annotated[
        str | None, typer.Option(metavar="TAG", help="Only articles in this language (BCP 47); zh is also zh-Hans and zh-Hant.")
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="ORDER", help="burst: what is unusual first; mentions: what is most said.")
    ] = "burst",
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many rows.")] = 20,
    url: Annotated[
        str | None, typer.Option(envvar="TRENDS_URL", metavar="URL", help="The service; default: that of `newsloom up`.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end, also on a terminal.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The service's answer, once, as one line of JSON.")] = False,
) -> int:
    """Show what the news is about: what is mentioned more than its own past makes expected.

    On a terminal the table is kept up to date until Ctrl-C; in a pipe it comes once, tab-separated. What the numbers
    mean is in docs/trends.md.

    Example: newsloom trends --window 24h --type PER --lang ar
    """
    from services.cli.errors import WrongUse
    from services.cli.screen import is_terminal
    from services.cli.trends_address import find
    from services.runtime.data_folder import data_folder
    from services.trends.query import WrongParameter, parse

    given = {"window": window, "kind": kind, "type": type, "lang": lang, "order": order, "limit": str(limit)}
    try:
        query = parse([(name, value) for name, value in given.items() if value is not None])
    except WrongParameter as wrong:
        raise WrongUse(f"--{wrong}") from None
    address = find(url, data_folder())
    if is_terminal() and not (once or json):
        asyncio.run(_keep_showing(address, query))
    else:
        asyncio.run(_show_once(address, query, json))
    return 0


async def _show_once(address: "Address", query: "Query", is_json: bool) -> None:
    from services.cli.screen import is_terminal, out, write_line
    from services.cli.tables import print_table
    from services.cli.trends_api import ask
    from services.cli.trends_view import HEADER, plain, table

    answer = await ask(address, query)
    if is_json:
        write_line(answer.model_dump_json().encode())
    elif is_terminal():
        console = out()
        console.print(table(answer, console.width))
    else:
        print_table(HEADER, [plain(row) for row in answer.trends])


async def _keep_showing(address: "Address", query: "Query") -> None:
    """Until it is interrupted; a service that goes away later is waited for, with its last answer on the screen.

    Raises:
        CouldNot: nobody answers the first time.
    """
    from rich.live import Live

    from services.cli.errors import CouldNot
    from services.cli.screen import out, waiting
    from services.cli.trends_api import ask
    from services.cli.trends_view import table

    footer = f"Ctrl-C ends; {address.url}"
    with waiting("waiting for the trends service"):
        answer = await _first(address, query)
    console = out()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(table(answer, console.width, footer), refresh=True)
            await asyncio.sleep(_REFRESH_S)
            try:
                answer, footer = await ask(address, query), f"Ctrl-C ends; {address.url}"
            except CouldNot as error:
                footer = f"Ctrl-C ends; no news: {error}"


async def _first(address: "Address", query: "Query") -> "Answer":
    """The first answer, which a service that has only just started takes a while to give."""
    from services.cli.trends_api import NotYet, ask

    while True:
        try:
            return await ask(address, query)
        except NotYet:
            await asyncio.sleep(_REFRESH_S)
