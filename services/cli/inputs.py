"""Reads FILE…|- as raw articles: JSON lines, a JSON object or array, plain text, HTML; never more than one in memory."""

import hashlib
import io
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from schemas.topics import NEWS_RAW
from services.cli.errors import WrongUse
from services.cli.formats import Format, format_of
from services.cli.json_array import elements
from services.cli.screen import note
from services.cli.text_encoding import decoded_html, decoded_text
from services.runtime.errors import InvalidRecord

STANDARD_INPUT = "-"

# Nothing longer fits into the topic; the enricher's own limit lies below and answers with the size.
MAX_BYTES = NEWS_RAW.max_message_bytes

_DISCARD_BYTES = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TITLE = re.compile(r"\s*(\S[^\n]{0,999}?)[ \t]*\n[ \t]*\n\s*(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Input:
    """One value as it could be on news.raw, and where it was found."""

    source: str
    line: int
    value: bytes
    timestamp_ms: int
    """When the file was last changed, in milliseconds since 1970 UTC; for standard input when it was read."""
    refusal: InvalidRecord | None = None
    """Why it can't be made into a record at all; `value` is then the bytes as found, perhaps only their beginning."""
    is_whole: bool = True

    @property
    def place(self) -> str:
        """`file:line` for a message."""
        return f"{self.source}:{self.line}"


def require_files(names: Sequence[str]) -> list[str]:
    """The names, or standard input when there are none.

    Raises:
        WrongUse: a file is missing, is a folder or may not be read.
    """
    for name in names:
        if name == STANDARD_INPUT:
            continue
        try:
            if stat.S_ISDIR(Path(name).stat().st_mode):
                raise WrongUse(f"{name} is a folder: name the files in it")
        except OSError as error:
            raise WrongUse(f"{name}: {error.strerror}") from error
        if not os.access(name, os.R_OK):  # Not by opening it: a pipe can be opened only once.
            raise WrongUse(f"{name}: you may not read it")
    return list(names) or [STANDARD_INPUT]


def total_bytes(names: Sequence[str]) -> int | None:
    """How much there is to read; None when standard input or a pipe is among it."""
    sizes = [0 if name == STANDARD_INPUT else Path(name).stat().st_size for name in names]
    return sum(sizes) if all(sizes) else None


def read_inputs(names: Sequence[str], wanted: Format = Format.AUTO) -> Iterator[Input]:
    """Every value of the files in order; "-" is standard input."""
    for name in names:
        if name == STANDARD_INPUT:
            if os.isatty(0):
                note("reading what you type; Ctrl-D ends it")
            with open(0, "rb", closefd=False) as stream:
                yield from read_stream(stream, "standard input", wanted, None)
        else:
            with Path(name).open("rb") as stream:
                yield from read_stream(stream, name, format_of(name, wanted), Path(name))


def read_stream(stream: io.BufferedReader, source: str, wanted: Format, path: Path | None) -> Iterator[Input]:
    """The values of one stream; its format is guessed from its first character when not given."""
    timestamp_ms = time.time_ns() // 1_000_000 if path is None else path.stat().st_mtime_ns // 1_000_000
    before, first = _first_character(stream)
    line = before.count(b"\n") + 1
    if wanted is Format.AUTO:
        wanted = Format.JSON if first in (b"{", b"[") else Format.HTML if first == b"<" else Format.TEXT
        if path is None and first == b"{":
            wanted = Format.JSONL  # a pipe may be endless: never wait for more than a line of it
    if wanted is Format.JSONL:
        yield from _lines(stream, source, line, timestamp_ms)
    elif wanted is Format.JSON:
        yield from _json(stream, source, line, timestamp_ms, first)
    else:
        yield _article(before + stream.read(MAX_BYTES + 1), source, wanted, path, timestamp_ms)


def _first_character(stream: io.BufferedReader) -> tuple[bytes, bytes]:
    """The blanks and the byte order mark at the beginning, which are then read, and the character after them."""
    before = b""
    while ahead := stream.peek(1):
        if not before and ahead.startswith(_BYTE_ORDER_MARK):
            before = stream.read(len(_BYTE_ORDER_MARK))
            continue
        blank = len(ahead) - len(ahead.lstrip())
        before += stream.read(blank)
        if blank < len(ahead):
            return before, ahead[blank : blank + 1]
    return before, b""


def _lines(stream: BinaryIO, source: str, line: int, timestamp_ms: int) -> Iterator[Input]:
    while value := stream.readline(MAX_BYTES + 1):
        is_whole = len(value) <= MAX_BYTES
        if not is_whole:
            while (rest := stream.readline(_DISCARD_BYTES)) and not rest.endswith(b"\n"):
                pass
        if value.strip():
            yield _input(source, line, value.strip(b"\r\n"), timestamp_ms, is_whole)
        line += 1


def _json(stream: io.BufferedReader, source: str, line: int, timestamp_ms: int, first: bytes) -> Iterator[Input]:
    """An array's elements; else lines when the first line is a whole object; else the one object that the file is."""
    if first == b"[":
        for element in elements(stream, MAX_BYTES, line):
            yield _input(source, element.line, element.value, timestamp_ms, not element.is_cut)
        return
    first_line = stream.readline(MAX_BYTES + 1)
    if _is_object(first_line):
        yield _input(source, line, first_line.strip(), timestamp_ms, is_whole=True)
        yield from _lines(stream, source, line + 1, timestamp_ms)
    elif value := (first_line + stream.read(MAX_BYTES + 1)).strip():
        yield _input(source, line, value[:MAX_BYTES], timestamp_ms, len(value) <= MAX_BYTES)


def _is_object(value: bytes) -> bool:
    try:
        return isinstance(orjson.loads(value), dict)
    except orjson.JSONDecodeError:
        return False


def _input(source: str, line: int, value: bytes, timestamp_ms: int, is_whole: bool) -> Input:
    refusal = None if is_whole else InvalidRecord("body_too_large", f"longer than the limit of {MAX_BYTES} bytes")
    return Input(source, line, value, timestamp_ms, refusal, is_whole)


def _article(found: bytes, source: str, kind: Format, path: Path | None, timestamp_ms: int) -> Input:
    """The file as one article; its URL is the file's own, or made from what it holds."""
    if len(found) > MAX_BYTES:
        return _input(source, 1, found, timestamp_ms, is_whole=False)
    url = path.resolve().as_uri() if path is not None else f"urn:sha256:{hashlib.sha256(found).hexdigest()}"
    try:
        content = {"html": decoded_html(found)} if kind is Format.HTML else titled(decoded_text(found))
    except InvalidRecord as refusal:
        return Input(source, 1, found, timestamp_ms, refusal)
    return Input(source, 1, orjson.dumps({"url": url, **content}), timestamp_ms)


def titled(text: str) -> dict[str, str]:
    """Title and text when a blank line follows the first line, else text alone."""
    found = _TITLE.match(text.replace("\r\n", "\n"))
    return {"title": found[1], "text": found[2]} if found else {"text": text}
