"""`newsloom replay`: a range of news.raw enriched again, beside what was published."""

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.connection import Connection
    from services.cli.reading import Fetched
    from services.cli.replay_report import Changes
    from services.cli.replaying import Account, Enrich, Progress, Request

_REVISION = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def run(
    revision: Annotated[str, typer.Option(metavar="NAME", help="The results go to news.enriched.NAME.")],
    begin: Annotated[
        str, typer.Option("--from", metavar="POSITION", help="beginning, an offset, or a time (RFC 3339).")
    ] = "beginning",
    end: Annotated[str, typer.Option("--to", metavar="POSITION", help="end, an offset, or a time; not included.")] = "end",
    stages: Annotated[str | None, typer.Option(metavar="A,B", help="Only these, on the articles as published.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only articles that were published with a failed annotation.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> int:
    """Enrich a range of news.raw again, and report what changed per language.

    Reads in a group of its own and writes a topic of its own; news.enriched and the enricher stay as they are. Models
    and settings are those of this process (ENRICHER_…). With --stages, all other values are taken from news.enriched.
    What can't be enriched is counted, not dead-lettered again. Safe to interrupt: run the same command again.

    Example: newsloom replay --from 2024-05-31 --revision new-model
    """
    from services.cli.errors import WrongUse
    from services.cli.positions import parse_position
    from services.cli.replaying import Request

    if not _REVISION.fullmatch(revision):
        raise WrongUse(f"a revision is named by small letters, digits, dots and hyphens, not {revision}")
    request = Request(revision, begin, end, tuple(sorted(set((stages or "").split(",")) - {""})), failed)
    parse_position(begin, "--from")
    parse_position(end, "--to")
    return asyncio.run(_replay(request, json))


async def _replay(request: "Request", is_json: bool) -> int:
    from services.cli.connection import connected
    from services.cli.positions import parse_position
    from services.cli.replay_report import compare
    from services.cli.replaying import Account, prepare, replay
    from services.cli.screen import note, waiting
    from services.cli.transactions import open_transactions

    account = Account()
    async with connected() as connection:
        with waiting("loading the models"):
            enrich = await asyncio.to_thread(_enrich, request)
        async with open_transactions(connection, request.name) as transactions:
            begin, end = parse_position(request.begin), parse_position(request.end)
            progress = await prepare(connection, transactions, request, begin, end)
            is_wanted = await _wanted(connection, request, progress)
            try:
                with waiting("enriching"):
                    await replay(connection, transactions, request, progress, enrich, is_wanted, account)
            finally:
                note(_balance(request, account))
        changes = await compare(connection, request.topic)
    _print_json(changes) if is_json else _print(changes)
    return 0


def _enrich(request: "Request") -> "Enrich":
    """Loads the models; takes seconds."""
    from services.cli.replay_stages import some, whole
    from services.enricher.loading import load_pipeline
    from services.enricher.offline import offline
    from services.enricher.partial import again
    from services.enricher.settings import EnricherSettings
    from services.runtime.settings import read_settings

    settings = read_settings(EnricherSettings)
    pipeline = load_pipeline(settings)
    return some(again(pipeline, request.stages)) if request.stages else whole(offline(pipeline, settings.max_body_bytes))


async def _wanted(connection: "Connection", request: "Request", progress: "Progress") -> "Callable[[Fetched], bool]":
    from services.cli.replay_report import failed_origins
    from services.cli.replaying import origin_of

    failed = await failed_origins(connection, frozenset(request.stages)) if request.is_failed else None

    def is_wanted(record: "Fetched") -> bool:
        origin = origin_of(record) if request.stages else (record.partition, record.offset)
        return origin is not None and progress.covers(origin) and (failed is None or origin in failed)

    return is_wanted


def _balance(request: "Request", account: "Account") -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in account.kinds.most_common()) or "nothing was left to do"
    return f"replayed {account.records:,} records to {request.topic.name}: {kinds}"


def _print(changes: "Changes") -> None:
    from services.cli.replay_report import COLUMNS
    from services.cli.tables import print_table

    rows = [
        (language, *(f"{getattr(change, name):,}" for name in COLUMNS))
        for language, change in sorted(changes.items(), key=lambda each: -each[1].articles)
    ]
    print_table(("language", *(name.replace("_", " ") for name in COLUMNS)), rows)


def _print_json(changes: "Changes") -> None:
    from dataclasses import asdict

    from services.cli.screen import write_json

    write_json({"languages": {language: asdict(change) for language, change in sorted(changes.items())}})
