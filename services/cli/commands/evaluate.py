"""`newsloom evaluate`: how good the model is on a user's own annotated files."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.enricher.evaluation.measuring import Evaluation


class Task(StrEnum):
    """What can be measured; here, because the enricher's own list loads numpy."""

    ENTITIES = "entities"
    SENTIMENT = "sentiment"
    TOPICS = "topics"
    LANGUAGE = "language"


def run(
    task: Annotated[Task, typer.Argument(metavar="TASK", help="entities, sentiment, topics or language.")],
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Annotated files; .gz too.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows of each file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
    as_served: Annotated[bool, typer.Option("--as-served", help="Also with the language detected, where supported.")] = False,
    models: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Folder with manifest.toml; default: ENRICHER_MODELS_DIR or built-in.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Of files and rows that name none.")] = None,
) -> int:
    """Measure the model on files that you annotated.

    JSON Lines, CoNLL columns, or for language a code, a tab and a text; docs/evaluating.md shows each. Texts go through
    the enricher's own stages, in the language that the file says. With --as-served the language is also detected and
    unsupported ones are left blank, as in the service.

    Example: newsloom evaluate entities ar.news.conll --limit 500
    """
    from services.cli.screen import note, waiting

    with waiting("reading the files"):
        evaluation = _prepared(task, paths, limit, language)
    if as_served and task is Task.LANGUAGE:
        note("language is always measured as served")
    report = _report(evaluation, models, as_served)
    _print_json(report) if json else _print(report)
    return 0


def _prepared(task: Task, names: list[str], limit: int | None, language: str | None) -> "Evaluation":
    from pathlib import Path

    from schemas.languages import language_of
    from services.cli.errors import WrongUse
    from services.cli.inputs import STANDARD_INPUT, require_files
    from services.enricher.evaluation.measuring import prepare
    from services.enricher.evaluation.tasks import TaskName

    if language is not None and language_of(language) is None:
        raise WrongUse(f"{language} is no language code")
    for name in require_files(names):
        if name == STANDARD_INPUT or not Path(name).is_file():
            raise WrongUse(f"{name}: each file is read twice, a pipe can't be")
        if names.count(name) > 1:
            raise WrongUse(f"{name} is named twice")
    return prepare(TaskName(task), [Path(name) for name in names], limit, language)


def _report(evaluation: "Evaluation", models: str | None, is_as_served: bool) -> Mapping[str, Any]:
    from pathlib import Path

    from services.cli.screen import waiting
    from services.enricher.assets import open_assets
    from services.enricher.evaluation.report import document
    from services.enricher.settings import EnricherSettings
    from services.runtime.settings import read_settings

    settings = read_settings(EnricherSettings)
    assets = open_assets(Path(models) if models else settings.models_dir, settings.inference_threads)
    with waiting("evaluating"):
        assets.verify()
        return document(evaluation.task.name, evaluation.run(assets, is_as_served))


def _print(report: Mapping[str, Any]) -> None:
    from services.cli.evaluation_view import tables
    from services.cli.tables import print_table

    for table in tables(report):
        print_table(table.header, table.rows, title=table.title)


def _print_json(report: Mapping[str, Any]) -> None:
    from services.cli.screen import write_json

    write_json(report)
