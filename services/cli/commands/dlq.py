"""`newsloom dlq`: dead letters listed, shown, sent back or parked."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.topics import Topic
    from services.cli.connection import Connection
    from services.cli.dead_letters import Criteria, Decisions

app = typer.Typer(help="See dead letters, send them back to news.raw, or park them.", no_args_is_help=True, rich_markup_mode=None)

_Ids = Annotated[list[str] | None, typer.Argument(metavar="PARTITION:OFFSET", help="Which; default: what the filters find.")]
_Class = Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Only this class, such as invalid_url.")]
_Stage = Annotated[str | None, typer.Option(metavar="STAGE", help="Only what failed in this stage.")]
_Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only what failed then or later (RFC 3339).")]
_Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only what failed before then (RFC 3339).")]
_Source = Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only from this outlet, as far as the bytes tell.")]
_Group = Annotated[str, typer.Option(envvar="ENRICHER_GROUP", help="Consumer group of the enricher.")]
_Topic = Annotated[
    str, typer.Option(metavar="TOPIC", help="news.enriched.dlq: what the trends service could not read; to be looked at only.")
]
_All = Annotated[bool, typer.Option("--all", help="Every dead letter, where no filter is given.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
_Note = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for those who look later.")]


@app.command("list")
def list_letters(
    error_class: _Class = None,
    stage: _Stage = None,
    since: _Since = None,
    until: _Until = None,
    source: _Source = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those about which nothing is decided.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Show so many of the latest of each partition; 0: the counts alone.")] = 10,
    topic: _Topic = "news.raw.dlq",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each, without its value.")] = False,
) -> int:
    """List dead letters: how many of each class, then the latest.

    Example: newsloom dlq list --class stage_failed --since 2024-05-31
    """
    criteria = _criteria([], error_class, stage, since, until, source)
    return asyncio.run(_list(_dead_letter_topic(topic), criteria, open_only, limit, json))


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="Which.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    value: Annotated[bool, typer.Option("--value", help="Only the value, byte for byte, to edit it.")] = False,
    topic: _Topic = "news.raw.dlq",
) -> int:
    """Show a dead letter whole: why, from where, its bytes, and what was decided about it.

    Control characters are shown as �, bytes that are no text as \\xff.

    Example: newsloom dlq show 2:17
    """
    return asyncio.run(_show(_dead_letter_topic(topic), _criteria([letter]), letter, json, value))


@app.command()
def redrive(
    ids: _Ids = None,
    error_class: _Class = None,
    stage: _Stage = None,
    since: _Since = None,
    until: _Until = None,
    source: _Source = None,
    all: _All = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Send at most so many back.")] = None,
    dry_run: _DryRun = False,
    edit: Annotated[Path | None, typer.Option(metavar="FILE", help="For one: send the bytes of this file instead.")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, help="Leave those that were tried so often.")] = 3,
    force: Annotated[
        bool, typer.Option("--force", help="Also those; a bad edit; what was parked, when named by its place.")
    ] = False,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Records per second at most.")] = None,
    note: _Note = None,
    group: _Group = "enricher",
) -> int:
    """Send dead letters back to news.raw, after what was wrong is mended.

    Key, value and trace stay; the number of attempts goes along. Each is sent in one transaction with the record of
    the decision, so interrupting this and running it again sends nothing twice. One at a time: a second one takes over
    from the first. What is sent back comes behind what was published since: the order of a key's records isn't kept.

    Example: newsloom dlq redrive --stage language --dry-run
    """
    from services.cli import deciding
    from services.cli.errors import WrongUse
    from services.cli.redriving import Rules, edited

    criteria = _chosen(ids, all, error_class, stage, since, until, source)
    if edit is not None and len(criteria.ids) != 1:
        raise WrongUse("--edit is for one dead letter, named PARTITION:OFFSET")
    changed = edited(edit.read_bytes(), force) if edit is not None else None
    job = deciding.Job(criteria, group, dry_run, limit, note, rate)
    return asyncio.run(deciding.redrive(job, Rules(max_attempts, force, is_named=bool(criteria.ids)), changed))


@app.command()
def park(
    ids: _Ids = None,
    error_class: _Class = None,
    stage: _Stage = None,
    since: _Since = None,
    until: _Until = None,
    source: _Source = None,
    all: _All = False,
    dry_run: _DryRun = False,
    note: _Note = None,
    group: _Group = "enricher",
) -> int:
    """Decide that dead letters stay where they are.

    They are no longer open, and no redrive by filter takes them. Safe to interrupt and run again.

    Example: newsloom dlq park 2:17 --note "an empty page"
    """
    from services.cli import deciding

    criteria = _chosen(ids, all, error_class, stage, since, until, source)
    return asyncio.run(deciding.park(deciding.Job(criteria, group, dry_run, note=note)))


def _criteria(
    ids: Sequence[str],
    error_class: str | None = None,
    stage: str | None = None,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
) -> "Criteria":
    from services.cli.dead_letters import Criteria, parse_letter_id
    from services.cli.positions import parse_moment

    return Criteria(
        ids=frozenset(map(parse_letter_id, ids)),
        error_class=error_class,
        stage=stage,
        since=parse_moment(since, "--since is a time") if since else None,
        until=parse_moment(until, "--until is a time") if until else None,
        source=source,
    )


def _chosen(ids: Sequence[str] | None, is_all: bool, *filters: str | None) -> "Criteria":
    """The criteria; raises WrongUse when they mean every dead letter and nobody said so."""
    from services.cli.errors import WrongUse

    criteria = _criteria(ids or [], *filters)
    if criteria.is_empty and not is_all:
        raise WrongUse("which dead letters? Name some (PARTITION:OFFSET), give a filter, or say --all")
    return criteria


def _dead_letter_topic(name: str) -> "Topic":
    """The topic of the list; raises WrongUse for one that has no dead letters."""
    from schemas.topics import TOPICS
    from services.cli.errors import WrongUse

    names = sorted(topic.dead_letter_topic for topic in TOPICS.values() if topic.dead_letter_topic)
    if name not in names:
        raise WrongUse(f"{name} has no dead letters: one of {', '.join(names)}")
    return TOPICS[name]


async def _decisions(connection: "Connection", topic: "Topic") -> "Decisions":
    """What was decided; about dead letters of the enricher alone anything ever is."""
    from schemas.topics import NEWS_RAW_DLQ
    from services.cli.decisions import read_decisions

    return await read_decisions(connection) if topic is NEWS_RAW_DLQ else {}


async def _list(topic: "Topic", criteria: "Criteria", is_open_only: bool, limit: int, is_json: bool) -> int:
    from collections import Counter, deque

    from services.cli.connection import connected
    from services.cli.dead_letters import OPEN, find_dead_letters
    from services.cli.letter_view import print_counts, print_letters, row, summary
    from services.cli.screen import write_json

    counts: Counter[tuple[str, str, str]] = Counter()
    latest: dict[int, deque[Sequence[str]]] = {}  # rows, not the letters themselves: their values may be long
    async with connected() as connection:
        async for found in find_dead_letters(connection, criteria, await _decisions(connection, topic), topic):
            if is_open_only and found.state != OPEN:
                continue
            if is_json:
                write_json(summary(found))
                continue
            counts[found.error_class, found.stage, found.state] += 1
            latest.setdefault(found.id.partition, deque(maxlen=limit)).append(row(found))
    if not is_json:
        print_counts(counts)
        print_letters([each for partition in sorted(latest) for each in latest[partition]])
    return 0


async def _show(topic: "Topic", criteria: "Criteria", name: str, is_json: bool, is_value: bool) -> int:
    import sys
    from contextlib import aclosing

    from services.cli.connection import connected
    from services.cli.dead_letters import find_dead_letters
    from services.cli.errors import CouldNot
    from services.cli.letter_view import print_letter, whole
    from services.cli.screen import write_json

    async with (
        connected() as connection,
        aclosing(find_dead_letters(connection, criteria, await _decisions(connection, topic), topic)) as letters,
    ):
        async for found in letters:
            if is_value:
                sys.stdout.buffer.write(found.record.value or b"")
            elif is_json:
                write_json(whole(found))
            else:
                print_letter(found)
            return 0
    raise CouldNot(f"there is no dead letter at {name}")
