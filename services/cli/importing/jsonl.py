"""JSON lines: raw articles as they are, or objects whose keys are told with --map."""

import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from schemas.codec import Undecodable, parse_object
from services.cli.importing.compressed import decompressed, named_damage
from services.cli.importing.field_map import FieldMap, document
from services.cli.importing.opened import Opened, wrong_kind
from services.cli.inputs import MAX_BYTES, Input
from services.runtime.errors import InvalidRecord

_DISCARD_BYTES = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@contextlib.contextmanager
def open_jsonl(path: Path, after: int, fields: FieldMap) -> Iterator[Opened]:
    """The lines behind so many, blank ones not counted; raises CouldNot when it holds no JSON objects."""
    with decompressed(path) as (content, file):
        with named_damage(path):
            head = content.peek(1).removeprefix(_BYTE_ORDER_MARK).lstrip()
        if head and not head.startswith(b"{"):
            raise wrong_kind(path, "file of JSON lines", head)
        columns = fields.columns() if fields.given else None
        yield Opened(_inputs(content, path, after, columns), file.tell, path.stat().st_size)


def _inputs(content: io.BufferedReader, path: Path, after: int, columns: Mapping[str, str] | None) -> Iterator[Input]:
    """One for each line; with named columns, an article made of them."""
    number, timestamp_ms = 0, path.stat().st_mtime_ns // 1_000_000
    with named_damage(path):
        for line, is_whole in _lines(content):
            number += 1
            if number <= after:
                continue
            value = line if is_whole else b""
            refusal = None if is_whole else InvalidRecord("body_too_large", f"longer than the limit of {MAX_BYTES} bytes")
            if columns is not None and is_whole:
                try:
                    value = orjson.dumps(document(parse_object(line, MAX_BYTES), columns))
                except Undecodable as error:
                    value, refusal = b"", InvalidRecord(error.error_class, str(error))
            yield Input(str(path), number, value, timestamp_ms, refusal, is_whole)


def _lines(content: io.BufferedReader) -> Iterator[tuple[bytes, bool]]:
    """Each line that isn't blank, without its end, and whether it is whole: the rest of one that is too long is left out."""
    is_first = True
    while line := content.readline(MAX_BYTES + 1):
        is_whole = len(line) <= MAX_BYTES
        while not is_whole and not line.endswith(b"\n") and (rest := content.readline(_DISCARD_BYTES)):
            line = line[:1] + rest[-1:]
        line = line.removeprefix(_BYTE_ORDER_MARK) if is_first else line
        is_first = False
        if line.strip() or not is_whole:
            yield line.strip(b"\r\n"), is_whole
