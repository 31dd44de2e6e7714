"""Parquet: a row for each article, read in small batches of only the columns that are needed."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from services.cli.errors import CouldNot
from services.cli.importing.field_map import FieldMap, Row, document
from services.cli.importing.opened import PARQUET, Opened, wrong_kind
from services.cli.inputs import Input
from services.runtime.errors import InvalidRecord

# Pages may have megabytes each: what is decoded at once stays in tens of them.
_BATCH_ROWS = 64


@contextlib.contextmanager
def open_parquet(path: Path, after: int, fields: FieldMap) -> Iterator[Opened]:
    """The rows behind so many; raises CouldNot when it is no Parquet file or lacks columns that it needs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        head = file.read(16)
    if not head.startswith(PARQUET):
        raise wrong_kind(path, "Parquet file", head)
    try:
        opened = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise CouldNot(f"{path} is no whole Parquet file: {error}") from error
    with opened:
        columns = fields.required_columns(opened.schema_arrow.names, str(path))
        read = _Rows(opened, columns, path, after)
        yield Opened(read.inputs(), lambda: read.number, opened.metadata.num_rows)


class _Rows:
    """The rows of an opened file; `number` is how many have been read."""

    def __init__(self, opened: Any, columns: Mapping[str, str], path: Path, after: int) -> None:
        self._opened, self._columns, self._path, self._after = opened, columns, path, after
        self.number = 0

    def inputs(self) -> Iterator[Input]:
        timestamp_ms = self._path.stat().st_mtime_ns // 1_000_000
        for row in self._rows():
            self.number += 1
            if self.number > self._after:
                value, refusal = _value(row, self._columns)
                yield Input(str(self._path), self.number, value, timestamp_ms, refusal)

    def _rows(self) -> Iterator[Row]:
        import pyarrow as pa

        top_level = set(self._opened.schema_arrow.names)
        wanted = sorted({each if each in top_level else each.partition(".")[0] for each in self._columns.values()})
        try:
            for batch in self._opened.iter_batches(_BATCH_ROWS, columns=wanted):
                yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise CouldNot(f"{self._path} is damaged behind row {self.number}: {error}") from error


def _value(row: Row, columns: Mapping[str, str]) -> tuple[bytes, InvalidRecord | None]:
    try:
        return orjson.dumps(document(row, columns)), None
    except UnicodeDecodeError:
        return b"", InvalidRecord("invalid_utf8", "a cell of bytes isn't UTF-8")
    except (TypeError, ValueError) as error:
        return b"", InvalidRecord("broken_row", f"a cell can't be written as JSON: {error}")
