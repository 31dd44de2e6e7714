"""CSV: a header with the columns' names, then a row for each article."""

import contextlib
import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from services.cli.errors import CouldNot
from services.cli.importing.compressed import decompressed, named_damage
from services.cli.importing.field_map import FieldMap, document
from services.cli.importing.opened import GZIP, PARQUET, ZSTD, Opened, wrong_kind
from services.cli.inputs import MAX_BYTES, Input
from services.runtime.errors import InvalidRecord

# What no row can have any more: a quote that is never closed makes one of the rest of the file.
_MAX_ROW_CHARACTERS = 4 * MAX_BYTES

_DELIMITERS = ",;\t|"
_NO_TEXT = (GZIP, ZSTD, PARQUET, b"WARC/", b"PK\x03\x04")


@contextlib.contextmanager
def open_csv(path: Path, after: int, fields: FieldMap, encoding: str, delimiter: str | None) -> Iterator[Opened]:
    """The rows behind so many; raises CouldNot when it has no header with the columns that it needs."""
    csv.field_size_limit(_MAX_ROW_CHARACTERS)  # the module's own limit is below what an article may have
    with decompressed(path) as (content, file), named_damage(path):
        head = content.peek(16)
        if head.startswith(_NO_TEXT):
            raise wrong_kind(path, "CSV file", head)
        text = io.TextIOWrapper(content, encoding, errors="surrogateescape", newline="")
        first = text.readline(MAX_BYTES)
        lines = _Lines(text, first, path)
        rows = csv.reader(lines, delimiter=delimiter or _delimiter(first), strict=True)
        header = _header(rows, path)
        columns = fields.required_columns(header, str(path))
        yield Opened(_inputs(lines, rows, header, columns, path, after), file.tell, path.stat().st_size)


def _delimiter(header: str) -> str:
    """The one that occurs most in the header's line."""
    return max(_DELIMITERS, key=header.count)


class _Lines:
    """The file's lines, counted from where a row begins."""

    def __init__(self, text: io.TextIOWrapper, first: str, path: Path) -> None:
        self._text, self._first, self._path = text, first, path
        self._characters = self.row = 0

    def begin_row(self) -> None:
        self._characters = 0
        self.row += 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line, self._first = self._first or self._text.readline(_MAX_ROW_CHARACTERS), ""
        self._characters += len(line)
        if self._characters >= _MAX_ROW_CHARACTERS:
            raise CouldNot(
                f"{self._path} has a row without an end, number {self.row}: is a quote not closed, or is it no CSV file?"
            )
        if not line:
            raise StopIteration
        return line


def _header(rows: "Iterator[list[str]]", path: Path) -> list[str]:
    try:
        header = [name.strip().removeprefix("\ufeff") for name in next(rows, [])]
    except csv.Error as error:
        raise CouldNot(f"{path} is no CSV file: its header can't be read ({error})") from error
    if not header or "\0" in "".join(header) or not "".join(header).isprintable():
        raise CouldNot(f"{path} is no CSV file: its first line isn't one of columns' names")
    return header


def _inputs(
    lines: _Lines, rows: "Iterator[list[str]]", header: list[str], columns: Mapping[str, str], path: Path, after: int
) -> Iterator[Input]:
    number, timestamp_ms = 0, path.stat().st_mtime_ns // 1_000_000
    with named_damage(path):
        while True:
            value, refusal = b"", None
            lines.begin_row()
            try:
                row = next(rows)
                if not row:
                    continue  # a blank line
                value = _value(row, header, columns)
            except StopIteration:
                return
            except InvalidRecord as error:
                refusal = error
            except csv.Error as error:
                refusal = InvalidRecord("broken_row", f"the row can't be read: {error}")
            number += 1
            if number > after:
                yield Input(str(path), number, value, timestamp_ms, refusal)


def _value(row: list[str], header: list[str], columns: Mapping[str, str]) -> bytes:
    if len(row) > len(header):
        raise InvalidRecord("broken_row", f"the row has {len(row)} cells, the header {len(header)}")
    try:
        return orjson.dumps(document(dict(zip(header, row, strict=False)), columns))
    except TypeError as error:  # orjson's word for a string with half a surrogate pair: a byte that can't be decoded
        raise InvalidRecord("invalid_utf8", "a cell isn't in the file's encoding") from error
