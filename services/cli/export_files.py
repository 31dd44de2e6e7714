"""Writes a topic's records as JSON lines, CSV or Parquet; a named file appears whole or not at all."""

import base64
import contextlib
import csv
import io
import os
import struct
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from schemas.publication_date import rfc3339
from schemas.topics import Topic
from services.cli.columns import Column, Row, columns_of, row_of
from services.cli.json_view import json_line

if TYPE_CHECKING:
    from services.cli.reading import Fetched

Write = Callable[["Fetched"], bool]
"""Takes a record; False when the format has no place for it."""

# Rows of a Parquet row group: what is in memory before it is written.
_GROUP_ROWS = 1_000


@contextlib.contextmanager
def open_writer(format: str, topic: Topic, output: Path | None) -> Iterator[Write]:
    """A writer to the file, or to standard output."""
    opened = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}[format]
    with _target(output) as file, opened(topic, file) as write:
        yield write


@contextlib.contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():  # /dev/stdout or a pipe: nothing to put in its place
        with output.open("wb") as file:
            yield file
        return
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _jsonl(topic: Topic, file: BinaryIO) -> Iterator[Write]:
    def write(record: "Fetched") -> bool:
        file.write(orjson.dumps(json_line(record), option=orjson.OPT_APPEND_NEWLINE))
        return True

    yield write


@contextlib.contextmanager
def _csv(topic: Topic, file: BinaryIO) -> Iterator[Write]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    names = [column.name for column in columns_of(topic) if column.type != "vector"]
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()

    def write(record: "Fetched") -> bool:
        if (row := row_of(record)) is None:
            return False
        writer.writerow({name: csv_cell(row[name]) for name in names})
        return True

    try:
        yield write
        text.flush()
    finally:
        text.detach()  # Standard output isn't ours to close.


def csv_cell(value: Any) -> Any:
    """A value as one cell: times in RFC 3339, lists with "; " between, entities as TYPE:name, bytes as text or base64."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return "base64:" + base64.b64encode(value).decode("ascii")
    if isinstance(value, list):
        return "; ".join(map(_csv_item, value))
    return value


def _csv_item(item: str | Row) -> str:
    if isinstance(item, str):
        return item
    return f"{item['type']}:{item['name']}" if "type" in item else str(item["qcode"])


@contextlib.contextmanager
def _parquet(topic: Topic, file: BinaryIO) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.name, _arrow_type(column)) for column in columns_of(topic)])
    rows: list[Row] = []

    with pq.ParquetWriter(file, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        def write(record: "Fetched") -> bool:
            if (row := row_of(record)) is None:
                return False
            rows.append({**row, "embedding": _floats(row.get("embedding"))} if "embedding" in row else row)
            if len(rows) >= _GROUP_ROWS:
                flush()
            return True

        yield write
        if rows:
            flush()


def _arrow_type(column: Column) -> Any:
    import pyarrow as pa

    entity = [("type", pa.string()), ("name", pa.string()), ("salience", pa.float64()), ("mentions", pa.int32())]
    topic = [("qcode", pa.string()), ("name", pa.string()), ("confidence", pa.float64())]
    return {
        "string": pa.string(),
        "strings": pa.list_(pa.string()),
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "bytes": pa.binary(),
        "vector": pa.list_(pa.float32()),
        "topics": pa.list_(pa.struct(topic)),
        "entities": pa.list_(pa.struct(entity)),
    }[column.type]


def _floats(vector: bytes | None) -> list[float] | None:
    """IEEE 754 half precision, little-endian, as in the record."""
    return None if vector is None else [value for (value,) in struct.iter_unpack("<e", vector)]
