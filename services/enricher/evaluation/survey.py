"""Reads an annotated file once from end to end before anything is measured: what is in it, and whether all of it can be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from schemas.languages import LANGUAGES, language_of
from services.enricher.evaluation.errors import BadAnnotation
from services.enricher.evaluation.files import Columns, read_objects
from services.enricher.evaluation.rows import Form, Object, Row, at_line

Parse = Callable[[Object, str | None], Row]


@dataclass(frozen=True, slots=True)
class Source:
    """A file and how to read it."""

    path: Path
    parse: Parse
    columns: Columns | None = None
    language: str | None = None
    """Of rows that name none; else the first part of the file's name says it."""

    def rows(self) -> Iterator[Row]:
        """The rows in order; raises BadAnnotation at one that can't be read."""
        language = self.language or language_in_name(self.path)
        for line, found in read_objects(self.path, self.columns):
            try:
                yield at_line(self.parse(found, language), line)
            except ValueError as error:
                raise BadAnnotation(self.path, line, str(error)) from error


@dataclass(slots=True)
class Survey:
    """What is in a file."""

    form: Form
    classes: dict[str, int] = field(default_factory=dict)
    """How often each class, type or topic is annotated in the whole file."""
    languages: set[str] = field(default_factory=set)

    def take(self, row: Row) -> None:
        """Takes a row into account."""
        self.languages.add(row.language)
        for answer in row.gold:
            self.classes[answer[-1]] = self.classes.get(answer[-1], 0) + 1


def survey(source: Source) -> Survey:
    """The survey of a file.

    Raises:
        BadAnnotation: a row can't be read, is annotated in another way than the first one, or there is none.
    """
    found: Survey | None = None
    for row in source.rows():
        found = found or Survey(row.form)
        if row.form != found.form:
            raise BadAnnotation(source.path, row.line, f"mixed formats: {row.form}, but {found.form} before")
        found.take(row)
    if found is None:
        raise BadAnnotation(source.path, None, "no rows")
    return found


def first_rows(source: Source, limit: int | None) -> Iterator[Row]:
    """The first rows, or all."""
    return islice(source.rows(), limit)


def language_in_name(path: Path) -> str | None:
    """The language that the first part of a file's name says ("ar" of ar.news.conll), when it is one of the table."""
    language = language_of(path.name.partition(".")[0])
    return language if language in LANGUAGES else None


def counted(classes: Mapping[str, int], known: frozenset[str]) -> tuple[frozenset[str], dict[str, int]]:
    """The classes of a file that the product knows, and how often those stand in it that it doesn't."""
    return frozenset(classes) & known, {name: times for name, times in sorted(classes.items()) if name not in known}
