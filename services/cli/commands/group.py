"""`newsloom group`: stops, starts and moves a consumer group."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from services.cli.positions import Position

app = typer.Typer(help="Pause, resume or move the enricher's consumer group.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Pause, resume or move the enricher's consumer group."""


@app.command()
def pause(
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at it next.")] = "by command",
    group: Annotated[str, typer.Option(envvar="ENRICHER_GROUP", help="Consumer group of the enricher.")] = "enricher",
) -> int:
    """Let the group's workers stand still: they take no more records and stay in the group.

    What they have in hand is finished. The order holds until `newsloom group resume`, also for workers that start later.
    The breaker gives the same order when too many records fail.

    Example: newsloom group pause --reason "the disk of broker 2 is full"
    """
    return asyncio.run(_order("pause", reason, group))


@app.command()
def resume(
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at it next.")] = "by command",
    group: Annotated[str, typer.Option(envvar="ENRICHER_GROUP", help="Consumer group of the enricher.")] = "enricher",
) -> int:
    """Let the group's workers go on, after a pause or when the breaker stopped them.

    Example: newsloom group resume --reason "the old models are back"
    """
    return asyncio.run(_order("resume", reason, group))


async def _order(action: Literal["pause", "resume"], reason: str, group: str) -> int:
    from datetime import UTC, datetime

    from schemas.control import Order
    from schemas.topics import NEWS_CONTROL
    from services.cli.connection import connected
    from services.runtime.control import OrderReader, give_order

    async with connected() as connection:
        await connection.partitions(NEWS_CONTROL)
        before = await OrderReader(connection.bootstrap_servers, connection.kafka, group).latest()
        order = Order(group=group, action=action, reason=reason, ordered_by="operator", ordered_at=datetime.now(UTC))
        await give_order(connection.bootstrap_servers, connection.kafka, order)
    was = f"{before.action} by {before.ordered_by}: {before.reason}" if before else "none"
    print(f"group {group}: {action}  (the order before: {was})")
    return 0


@app.command()
def seek(
    position: Annotated[str, typer.Argument(metavar="POSITION", help="earliest, latest, an offset, or a time (RFC 3339).")],
    partition: Annotated[int | None, typer.Option(min=0, help="Only this partition of news.raw.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    group: Annotated[str, typer.Option(envvar="ENRICHER_GROUP", help="Consumer group of the enricher.")] = "enricher",
) -> int:
    """Put the group on other offsets of news.raw; its workers must be stopped.

    Back: what was enriched comes again, with equal key and equal value as long as the models are the same. Forward:
    what lies between gets no outcome. An offset that isn't there becomes the nearest one. For a look at what new
    models would say, use `newsloom replay` instead.

    Example: newsloom group seek 2024-05-31T12:00:00Z --dry-run
    """
    from services.cli.positions import BEGINNING, END, parse_position

    words = {"earliest": BEGINNING, "latest": END}
    return asyncio.run(_seek(parse_position(words.get(position, position), "POSITION"), partition, dry_run, group))


async def _seek(position: "Position", partition: int | None, is_dry: bool, group: str) -> int:
    from services.cli.connection import connected
    from services.cli.consumer_groups import committed_offsets, members
    from services.cli.errors import CouldNot
    from services.cli.seeking import move, targets
    from services.cli.tables import print_table

    async with connected() as connection:
        if count := await members(connection, group):
            raise CouldNot(f"the group {group} has {count} members: stop its workers first")
        wanted = await targets(connection, position, partition)
        before = await committed_offsets(connection, group)
        if not is_dry:
            await move(connection, group, wanted)
    rows = [(str(each.partition), _shown(before.get(each)), str(offset)) for each, offset in sorted(wanted.items())]
    print_table(("partition", "stood at", "would stand at" if is_dry else "stands at"), rows, title=f"group {group}")
    return 0


def _shown(offset: int | None) -> str:
    return "nothing" if offset is None else str(offset)
