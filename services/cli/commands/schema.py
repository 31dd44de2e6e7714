"""`newsloom schema`: the contracts as JSON Schema."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(help="Show the contracts as JSON Schema.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_schemas() -> int:
    """List topics and versions.

    Example: newsloom schema list
    """
    from schemas.topics import PUBLIC_TOPICS
    from services.cli.tables import print_table

    rows = [(topic.name, version, topic.model.__name__) for topic in PUBLIC_TOPICS.values() for version in _versions(topic.name)]
    print_table(("topic", "version", "contract"), rows)
    return 0


@app.command()
def show(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="news.raw, news.enriched, news.trends …")],
    version: Annotated[int | None, typer.Option(min=1, help="Default: the present one.")] = None,
) -> int:
    """Print a contract as JSON Schema (2020-12).

    Example: newsloom schema show news.enriched | jq .properties
    """
    from services.cli.connection import topic_named
    from services.cli.errors import WrongUse
    from services.cli.screen import write_line

    public = topic_named(topic)
    wanted = version or public.version
    path = _versions(public.name).get(str(wanted))
    if path is None:
        raise WrongUse(f"{topic} has no version {wanted}")
    write_line(path.read_bytes().rstrip())
    return 0


def _versions(topic: str) -> "dict[str, Path]":
    """The schema files of a topic by version."""
    from schemas.json_schema import FOLDER

    return {path.stem.removeprefix("v"): path for path in sorted((FOLDER / topic).glob("v*.json"))}
