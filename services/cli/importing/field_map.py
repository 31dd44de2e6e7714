"""From the columns of somebody's file to the fields of a raw article (pure)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from schemas.publication_date import parse_moment, rfc3339
from services.cli.errors import CouldNot, WrongUse

Row = Mapping[str, Any]

_SOURCE = "source_"
FIELDS = (
    *("url", "canonical_url", "title", "text", "html", "language_hint", "published_at", "collected_at", "authors"),
    *("section", "image", "licence", "revision", "source_id", "source_name", "source_domain", "source_country"),
)
"""As `newsloom export news.raw` names its columns; the article's id is made from its URL, whatever a file says."""

_BODY = ("text", "html")


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which column each field comes from; a field that isn't given comes from the column of its own name, if there is one."""

    given: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def required_columns(self, columns: Collection[str], file: str) -> Mapping[str, str]:
        """The column of every field that the file has.

        Raises:
            CouldNot: a given column is missing, or one for what an article needs.
        """
        has = f"it has {', '.join(columns) or 'none'}"
        for name, column in self.given.items():
            if column and not _has(columns, column):
                raise CouldNot(f"{file} has no column {column} for {name}: {has}")
        found = {name: column for name in FIELDS if (column := self.given.get(name, name)) and _has(columns, column)}
        if "url" not in found:
            raise CouldNot(f"{file} has no column url: say which one it is with --map url=COLUMN; {has}")
        if not any(name in found for name in _BODY):
            raise CouldNot(f"{file} has neither a column text nor html: say which one it is with --map text=COLUMN; {has}")
        return found

    def columns(self) -> Mapping[str, str]:
        """The column of every field, for files whose rows need not have them all."""
        return {name: column for name in FIELDS if (column := self.given.get(name, name))}


def parse_map(pairs: Sequence[str]) -> FieldMap:
    """From FIELD=COLUMN; an empty column leaves the field out. Raises WrongUse."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, sign, column = pair.partition("=")
        if not sign:
            raise WrongUse(f"--map is FIELD=COLUMN, not {pair}")
        if name not in FIELDS:
            raise WrongUse(f"--map: a raw article has no field {name}: one of {', '.join(FIELDS)}")
        if given.setdefault(name, column) != column:
            raise WrongUse(f"--map gives {name} two columns")
    return FieldMap(MappingProxyType(given))


def document(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """The raw article that a row makes; empty cells are left out."""
    made: dict[str, Any] = {}
    for name, column in columns.items():
        value = _authors(_cell(row, column)) if name == "authors" else _plain(_cell(row, column))
        if value is None or value == "" or value == []:
            continue
        if name.startswith(_SOURCE):
            made.setdefault("source", {})[name.removeprefix(_SOURCE)] = value
        else:
            made[name] = value
    return made


def _has(columns: Collection[str], column: str) -> bool:
    return column in columns or column.partition(".")[0] in columns


def _cell(row: Row, column: str) -> Any:
    """The column's value; a dot leads into a nested one, where no column has that very name."""
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _plain(value: Any) -> Any:
    """As JSON has it: times in RFC 3339 (a missing zone is UTC), not a number as missing, numbers as text but for revisions."""
    if isinstance(value, str | list | dict | bool) or value is None:
        return value
    if isinstance(value, datetime):
        return rfc3339(parse_moment(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return None if value != value else str(value)


def _authors(value: Any) -> list[str] | None:
    """A list, or names in one cell with "; " between, as our own export writes them."""
    names = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else []
    return [str(name).strip() for name in names if name is not None and str(name).strip()]
