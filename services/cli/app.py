"""The command line: every command by name, and what they share; importing it loads no library but typer."""

from typing import Annotated

import typer

from services.cli.commands import (
    demo,
    dlq,
    doctor,
    enrich,
    evaluate,
    export,
    group,
    import_,
    keys,
    models,
    publish,
    replay,
    schema,
    skip,
    status,
    tail,
    topics,
    trends,
    up,
)

app = typer.Typer(
    name="newsloom",
    # Plain help: rich's takes 0.2 s more to load, and it is the one answer that must come at once.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib import metadata

        try:
            version = metadata.version("newsloom")
        except metadata.PackageNotFoundError:
            version = "from a checkout"
        print(f"newsloom {version}")
        raise typer.Exit


@app.callback()
def newsloom(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where a mistake was noticed, and the libraries' logs.")] = False,
) -> None:
    """Streaming news ingestion: raw articles in any language in, structured records out, on Apache Kafka.

    \b
    Start here:
      newsloom demo                  the sample articles through a broker of their own, shown and counted
      newsloom enrich report.txt     one article, without any broker
      newsloom up                    everything, until Ctrl-C; then, in another terminal:
      newsloom publish articles.jsonl
      newsloom tail news.enriched
      newsloom trends

    The broker is the one that KAFKA_BOOTSTRAP_SERVERS names (host:port), else a local Apache Kafka.

    Exit codes: 0 fine, 1 could not or not all, 2 wrong use, 130 interrupted.
    """


for command in (up, demo, enrich, publish, tail, trends, export, evaluate, status, skip, replay, doctor):
    app.command(name=command.__name__.rpartition(".")[2])(command.run)
for commands in (import_, dlq, group, keys, topics, models, schema):
    app.add_typer(commands.app, name=commands.__name__.rpartition(".")[2].rstrip("_"))
