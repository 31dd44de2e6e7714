"""`newsloom status`: lag, counts and dead letters, from the broker alone."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.group_state import GroupState


def run(
    group: Annotated[str, typer.Option(envvar="ENRICHER_GROUP", help="Consumer group of the enricher.")] = "enricher",
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Show lag, topics and recent dead letters.

    Everything is read from the broker, so it also works where no service runs.

    Example: newsloom status
    """
    return asyncio.run(_status(group, json))


async def _status(group: str, is_json: bool) -> int:
    from services.cli.connection import connected
    from services.cli.group_state import group_state

    async with connected() as connection:
        state = await group_state(connection, group)
    _print_json(state) if is_json else _print(state)
    return 0


def _print(state: "GroupState") -> None:
    from services.cli.tables import print_table

    print_table(
        ("topic", "records", "last minute"),
        [(count.name, f"{count.records:,}", f"{count.per_minute:,}") for count in state.topics],
    )
    print_table(
        ("partition", "committed", "end", "lag"),
        [
            (str(each.partition), "never" if each.committed is None else str(each.committed), str(each.end), f"{each.lag:,}")
            for each in state.partitions
        ],
        title=f"group {state.group}: lag {state.lag:,}",
    )
    if state.paused:
        print(f"PAUSED {state.paused} (newsloom group resume)")
    if state.dead_letters:
        rows = [(error_class, stage, f"{count:,}") for (stage, error_class), count in state.dead_letters.most_common()]
        print_table(("class", "stage", "recent dead letters"), rows)
    else:
        print("no dead letters")


def _print_json(state: "GroupState") -> None:
    import orjson

    from services.cli.screen import write_line

    document = {
        "group": state.group,
        "lag": state.lag,
        "paused": state.paused,
        "partitions": [
            {"partition": each.partition, "committed": each.committed, "end": each.end, "lag": each.lag}
            for each in state.partitions
        ],
        "topics": [{"topic": each.name, "records": each.records, "last_minute": each.per_minute} for each in state.topics],
        "recent_dead_letters": [
            {"class": error_class, "stage": stage, "count": count}
            for (stage, error_class), count in state.dead_letters.most_common()
        ],
    }
    write_line(orjson.dumps(document))
