"""The report of `newsloom evaluate` as tables (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from schemas.languages import language_name
from schemas.media_topics import MEDIA_TOPICS

Scores = Mapping[str, Any]

# The scores that get a column where there are any, and its heading.
_COLUMNS = {"f1": "F1", "f1_per_org_loc": "PER ORG LOC", "macro_f1": "macro-F1", "ece": "ECE", "ceiling": "ceiling"}
_SERVED_COLUMNS = {"f1": "F1", "f1_per_org_loc": "PER ORG LOC", "macro_f1": "macro-F1", "language_right": "language right"}
_WITHHELD = {"unsupported_language": "unsupported", "failed": "failed", "und": "und"}
_MEANS = {"macro": "f1", "macro_f1": "macro_f1", "macro_per_org_loc": "f1_per_org_loc"}


@dataclass(frozen=True, slots=True)
class Table:
    """What a table shows."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(report: Scores) -> Iterator[Table]:
    """Files, classes and languages; then files and languages as served, when that was asked for."""
    files, languages = _by_short_name(report["files"]), _by_name(report["languages"])
    yield _table("by file", "file", files, _COLUMNS)
    if report["task"] != "language":  # there the classes are the languages
        kind = "type" if report["task"] == "entities" else "class"
        yield Table(f"by {kind}", ("file", kind, "gold", "F1", "P", "R"), list(_classes(files)))
    yield _table("by language", "language", languages, _COLUMNS, report)
    if "as_served" in report:
        yield _table("by file, as served", "file", _as_served(files), _SERVED_COLUMNS)
        yield _table("by language, as served", "language", _as_served(languages), _SERVED_COLUMNS, report["as_served"])


def _by_short_name(files: Mapping[str, Scores]) -> Mapping[str, Scores]:
    """The files by their names alone, where those differ."""
    short = {PurePath(path).name: scores for path, scores in files.items()}
    return short if len(short) == len(files) else files


def _by_name(languages: Mapping[str, Scores]) -> Mapping[str, Scores]:
    return {f"{tag} {language_name(tag)}" if language_name(tag) != tag else tag: one for tag, one in languages.items()}


def _as_served(rows: Mapping[str, Scores]) -> Mapping[str, Scores]:
    return {name: scores["as_served"] for name, scores in rows.items()}


def _table(title: str, first: str, rows: Mapping[str, Scores], columns: Mapping[str, str], means: Scores | None = None) -> Table:
    names = [name for name in columns if any(scores.get(name) is not None for scores in rows.values())]
    if all(scores.get("f1_per_org_loc") == scores["f1"] for scores in rows.values()):
        names.remove("f1_per_org_loc")
    withheld = [name for name in _WITHHELD if any(name in scores for scores in rows.values())]
    lines = [
        (
            name,
            f"{scores['n']:,}",
            *(_number(scores.get(column)) for column in names),
            *(f"{scores.get(status, 0):,}" for status in withheld),
        )
        for name, scores in rows.items()
    ]
    if means is not None and len(rows) > 1:
        mean_of = {column: means[mean] for mean, column in _MEANS.items() if mean in means}
        lines.append(("mean", "", *(_number(mean_of.get(name)) for name in names), *("" for _ in withheld)))
    return Table(title, (first, "rows", *(columns[name] for name in names), *(_WITHHELD[name] for name in withheld)), lines)


def _classes(files: Mapping[str, Scores]) -> Iterator[Sequence[str]]:
    """Each file's types or classes, with how often they stand in the gold; last those that the model doesn't know."""
    for path, scores in files.items():
        classes = scores["types"] if "types" in scores else scores["classes"]
        yield _of_class(path, "all", sum(found["n"] for found in classes.values()), scores)
        for name, found in classes.items():
            yield _of_class(path, MEDIA_TOPICS.get(name, name), found["n"], found)
        for name, times in scores.get("left_out", {}).items():
            yield path, f"{name} (not known)", f"{times:,}", "", "", ""


def _of_class(path: str, name: str, gold: int, found: Scores) -> Sequence[str]:
    return path, name, f"{gold:,}", *(_number(found[score]) for score in ("f1", "precision", "recall"))


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
