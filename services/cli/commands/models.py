"""`newsloom models`: what the enricher thinks with, whose it is, and how good it is by language."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.enricher.assets import Assets

app = typer.Typer(help="List or verify the model files.", no_args_is_help=True, rich_markup_mode=None)

_FOLDER = typer.Option("--folder", envvar="ENRICHER_MODELS_DIR", help="Folder with manifest.toml; default: the built-in one.")
Folder = Annotated[str | None, _FOLDER]


@app.command("list")
def list_models(folder: Folder = None, json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> int:
    """List the model files, their licences, and the measured score of each language.

    A language that a stage has no score for, or one below 0.50, gets the status unsupported_language from it.

    Example: newsloom models list
    """
    assets = _assets(folder)
    _print_json(assets) if json else _print(assets)
    return 0


@app.command()
def verify(folder: Folder = None) -> int:
    """Compare every model file with the digest in the manifest.

    Example: newsloom models verify
    """
    from services.cli.errors import COULD_NOT, FINE
    from services.runtime.errors import ConfigurationError

    try:
        assets = _assets(folder)
        assets.verify()
    except ConfigurationError as error:
        print(f"fail  {error}")
        return COULD_NOT
    for role, asset in assets.files.items():
        print(f"ok    {role}: {asset.name} {asset.version} {asset.digest}")
    return FINE


def _assets(folder: str | None) -> "Assets":
    from pathlib import Path

    from services.enricher.assets import BUILT_IN, open_assets

    return open_assets(Path(folder) if folder else BUILT_IN)


def _print(assets: "Assets") -> None:
    from schemas.languages import language_name
    from services.cli.tables import print_table

    rows = [
        (role, asset.name, asset.version, f"{asset.size_bytes / 1e6:.1f} MB", asset.licence, asset.digest[:19], asset.source)
        for role, asset in assets.files.items()
    ]
    print_table(("role", "model", "version", "size", "licence", "digest", "made from"), rows)
    stages = sorted(assets.scores)
    tags = sorted({tag for stage in stages for tag in assets.scores[stage]})
    scores = [(tag, language_name(tag), *(_score(assets, stage, tag) for stage in stages)) for tag in tags]
    print_table(("tag", "language", *stages), scores, title="measured scores by language (- is unsupported)")


def _score(assets: "Assets", stage: str, tag: str) -> str:
    return f"{assets.scores[stage][tag]:.2f}" if tag in assets.supported(stage) else "-"


def _print_json(assets: "Assets") -> None:
    import orjson

    from services.cli.screen import write_line

    files = {
        role: {
            "name": asset.name,
            "version": asset.version,
            "digest": asset.digest,
            "size_bytes": asset.size_bytes,
            "licence": asset.licence,
            "source": asset.source,
        }
        for role, asset in assets.files.items()
    }
    scores = {stage: dict(by_language) for stage, by_language in assets.scores.items()}
    write_line(orjson.dumps({"files": files, "scores": scores}))
