"""`newsloom skip`: takes the enricher past a record that can't be read."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.skipping import Wanted


def run(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="news.raw.")],
    partition: Annotated[int, typer.Argument(metavar="PARTITION", min=0, help="As the worker named it.")],
    offset: Annotated[int, typer.Argument(metavar="OFFSET", min=0, help="As the worker named it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also a readable record, or where the group stands elsewhere.")] = False,
    group: Annotated[str, typer.Option(envvar="ENRICHER_GROUP", help="Consumer group of the enricher.")] = "enricher",
) -> int:
    """Skip a record that the client can't decode.

    Such a record stops its partition, and the worker names the offset. This writes a dead letter of class unreadable
    and moves the group behind it, in one transaction. The client reads a batch as a whole: what stands behind the
    record in its batch becomes dead letters too, with key and value where they can be had, so that `newsloom dlq
    redrive` brings it back. The worker may run on; it goes on when it is restarted.

    Example: newsloom skip news.raw 2 1841
    """
    from services.cli.connection import topic_named
    from services.cli.skipping import Wanted

    return asyncio.run(_skip(Wanted(topic_named(topic), partition, offset, group, force), dry_run))


async def _skip(wanted: "Wanted", is_dry: bool) -> int:
    from services.cli.connection import connected
    from services.cli.consumer_groups import members
    from services.cli.skipping import carry_out, plan
    from services.cli.transactions import open_transactions

    async with connected() as connection:
        skip = await plan(connection, wanted)  # before a worker is fenced for nothing
        if not is_dry:
            async with open_transactions(connection, wanted.transactional_id) as transactions:
                skip = await plan(connection, wanted)
                await carry_out(transactions, wanted, skip)
        count = await members(connection, wanted.group)
    wrote, goes = ("would write", "would go") if is_dry else ("wrote", "goes")
    what = f"{len(skip.messages):,} dead letters of class {skip.error_class} ({skip.error})"
    print(f"{wrote} {what}; group {wanted.group} {goes} on at {skip.next_offset}")
    if skip.why_without_bytes:
        print(f"they have neither key nor value: {skip.why_without_bytes}")
    if count and not is_dry:
        print(f"restart the worker that has partition {wanted.partition}: it reads the new offset when it begins")
    return 0
