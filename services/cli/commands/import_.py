"""`newsloom import`: archives and tables of articles onto news.raw."""

import asyncio
import codecs
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.importing.run import Job

app = typer.Typer(
    help="Put a file's articles on news.raw: WARC, JSON lines, CSV, Parquet.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Files = Annotated[list[Path], typer.Argument(metavar="PATH...", help="What to import.", show_default=False)]
_Map = Annotated[list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Where a field is; repeat it for more.")]
_Rate = Annotated[float | None, typer.Option(min=0.001, help="Articles per second at most.")]
_Restart = Annotated[bool, typer.Option("--restart", help="Begin anew, whatever was imported before.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and count, and send nothing.")]


@app.command()
def warc(files: _Files, rate: _Rate = None, restart: _Restart = False, dry_run: _DryRun = False) -> int:
    """Import the pages of WARC archives, such as CC-NEWS (.warc, .warc.gz, .warc.zst).

    HTML answers with status 200 become articles; everything else is skipped and counted by reason. Interrupted, the same
    command goes on; the last articles may come again, with the same key and value.

    Example: newsloom import warc CC-NEWS-20230919.warc.gz --rate 200
    """
    from services.cli.importing.run import Job
    from services.cli.importing.warc import open_warc

    return _run(files, Job(open_warc, "warc", rate, restart), dry_run)


@app.command()
def jsonl(files: _Files, map: _Map = None, rate: _Rate = None, restart: _Restart = False, dry_run: _DryRun = False) -> int:
    """Import JSON lines: raw articles, or other objects with --map (.jsonl, .jsonl.gz, .jsonl.zst).

    Example: newsloom import jsonl dump.jsonl.gz --map url=link --map text=body.plain
    """
    from services.cli.importing.field_map import parse_map
    from services.cli.importing.jsonl import open_jsonl
    from services.cli.importing.run import Job

    fields = parse_map(map or [])
    return _run(files, Job(partial(open_jsonl, fields=fields), _options("jsonl", map), rate, restart), dry_run)


@app.command()
def csv(
    files: _Files,
    map: _Map = None,
    encoding: Annotated[str, typer.Option(help="The file's encoding.")] = "utf-8-sig",
    delimiter: Annotated[str | None, typer.Option(help="Between cells; default: , ; tab or |, as the header has it.")] = None,
    rate: _Rate = None,
    restart: _Restart = False,
    dry_run: _DryRun = False,
) -> int:
    """Import CSV files whose first line names the columns (.csv, .csv.gz, .csv.zst).

    Example: newsloom import csv articles.csv --map url=link --map text=body
    """
    from services.cli.errors import WrongUse
    from services.cli.importing.csv_rows import open_csv
    from services.cli.importing.field_map import parse_map
    from services.cli.importing.run import Job

    if delimiter is not None and len(delimiter) != 1:
        raise WrongUse("--delimiter is one character")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise WrongUse(f"--encoding: there is no encoding {encoding}") from None
    opener = partial(open_csv, fields=parse_map(map or []), encoding=encoding, delimiter=delimiter)
    return _run(files, Job(opener, _options("csv", map, encoding, delimiter or "auto"), rate, restart), dry_run)


@app.command()
def parquet(files: _Files, map: _Map = None, rate: _Rate = None, restart: _Restart = False, dry_run: _DryRun = False) -> int:
    """Import Parquet files; a dot leads into a nested column.

    Example: newsloom import parquet articles.parquet --map text=body --map source_id=outlet.slug
    """
    from services.cli.importing.field_map import parse_map
    from services.cli.importing.parquet import open_parquet
    from services.cli.importing.run import Job

    fields = parse_map(map or [])
    return _run(files, Job(partial(open_parquet, fields=fields), _options("parquet", map), rate, restart), dry_run)


def _options(*parts: str | list[str] | None) -> str:
    """What decides about the records, in one line; the order of --map means nothing."""
    return " ".join(" ".join(sorted(part)) if isinstance(part, list) else part or "" for part in parts).strip()


def _run(files: list[Path], job: "Job", is_dry_run: bool) -> int:
    from services.cli.errors import WrongUse
    from services.cli.inputs import STANDARD_INPUT, require_files

    if Path(STANDARD_INPUT) in files or not all(path.is_file() or not path.exists() or path.is_dir() for path in files):
        raise WrongUse("an import reads files, so that it can go on: `newsloom publish` reads standard input and pipes")
    require_files([str(path) for path in files])
    return asyncio.run(_import(files, job, is_dry_run))


async def _import(files: list[Path], job: "Job", is_dry_run: bool) -> int:
    from schemas.topics import NEWS_RAW
    from services.cli.connection import connected, named_errors
    from services.cli.errors import COULD_NOT, FINE
    from services.cli.importing.run import import_file, look_through

    refused = 0
    if is_dry_run:
        for path in files:
            account = look_through(path, job)
            print(f"{_prefix(files, path)}{account.balance()}; nothing was sent (--dry-run)", flush=True)
            refused += account.refused
        return COULD_NOT if refused else FINE
    async with connected() as connection:
        await connection.partitions(NEWS_RAW)
        with named_errors(connection.bootstrap_servers):
            for path in files:
                account = await import_file(connection, path, job)
                print(f"{_prefix(files, path)}{account.balance()}", flush=True)
                refused += account.refused
    return COULD_NOT if refused else FINE


def _prefix(files: list[Path], path: Path) -> str:
    """The file's name where there is more than one."""
    return f"{path}: " if len(files) > 1 else ""
