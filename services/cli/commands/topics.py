"""`newsloom topics`: creates the topics and shows them."""

import asyncio

import typer

app = typer.Typer(help="Create the topics, or list them.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def apply() -> int:
    """Create the topics that are missing; those that exist stay as they are.

    Example: newsloom topics apply
    """
    return asyncio.run(_apply())


@app.command("list")
def list_topics() -> int:
    """List the topics: what is on them, and where the broker's settings differ.

    Example: newsloom topics list
    """
    return asyncio.run(_list())


async def _apply() -> int:
    from services.cli.connection import connected
    from services.runtime.topic_admin import apply_topics

    async with connected() as connection:
        created = await apply_topics(connection.admin)
    print(f"created {', '.join(created)}" if created else "nothing to do: all topics are there")
    return 0


async def _list() -> int:
    from services.cli.connection import connected
    from services.runtime.topic_admin import topic_states

    async with connected() as connection:
        states = await topic_states(connection.admin)
    rows = [
        (
            state.topic.name,
            str(state.partitions) if state.partitions else "missing",
            state.topic.key,
            state.topic.contents,
            state.topic.cleanup_policy,
            f"{state.topic.retention_ms // 86_400_000} days" if state.topic.retention_ms > 0 else "for good",
        )
        for state in states
    ]
    from services.cli.tables import print_table

    print_table(("topic", "partitions", "key", "contract", "cleanup", "kept"), rows)
    for state in states:
        for difference in state.differences:
            print(f"differs: {state.topic.name}: {difference}")
    return 0 if all(state.partitions for state in states) else 1
