"""Opens annotated files, packed or not, as objects with the number of their first line: JSON Lines or columns."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

import orjson

from services.enricher.evaluation.errors import BadAnnotation

Object = dict[str, Any]
Objects = Iterator[tuple[int, Object]]
Columns = Callable[[Iterator[tuple[int, str]], Path], Objects]
"""From the lines of a file that isn't JSON to objects as JSON Lines would have them."""

# Far over the longest article that goes through Kafka; a file without line breaks must not fill the memory.
MAX_LINE_BYTES = 16_000_000

_GZIP = b"\x1f\x8b"
_JSON_NAMES = frozenset({".jsonl", ".ndjson", ".json"})
_DOCUMENT = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")
# "# text = …" is a remark; "# O" is a token.
_REMARK = re.compile(r"#\s*[\w.-]+\s+=\s|#(?!.*[ \t](?:O|[BIESLU]-\w+)\s*$)")


def read_objects(path: Path, columns: Columns | None) -> Objects:
    """Each object with the number of its first line.

    Raises:
        BadAnnotation: a line isn't what the format asks for.
        OSError: the file can't be read.
    """
    yield from _json(_lines(path), path) if columns is None or is_json(path) else columns(_lines(path), path)


def is_json(path: Path) -> bool:
    """Whether its name says so; else whether its first line begins like an object."""
    name = PurePath(path.name.removesuffix(".gz"))
    if name.suffix.lower() in _JSON_NAMES:
        return True
    return next((line for _, line in _lines(path) if line.strip()), "").lstrip().startswith("{")


def tokens_and_tags(lines: Iterator[tuple[int, str]], path: Path) -> Objects:
    """CoNLL: a token a line, its tag in the last column, a blank line after each sentence; remarks begin with #."""
    first, tokens, tags = 0, list[str](), list[str]()
    for number, line in lines:
        cells = line.split("\t") if "\t" in line else _BLANKS.split(line.strip(" "))
        if not line.strip() or cells[0] == _DOCUMENT:
            if tokens:
                yield first, {"tokens": tokens, "tags": tags}
            tokens, tags = [], []
        elif not _REMARK.match(line):
            if len(cells) < 2:
                raise BadAnnotation(path, number, "one column: a token and its tag were expected")
            first = first if tokens else number
            tokens.append(cells[0])
            tags.append(cells[-1].strip())
    if tokens:
        yield first, {"tokens": tokens, "tags": tags}


def code_and_text(lines: Iterator[tuple[int, str]], path: Path) -> Objects:
    """Two columns with a tab between them: the code of a language, and a text in it."""
    for number, line in lines:
        code, tab, text = line.partition("\t")
        if not line.strip():
            continue
        if not tab:
            raise BadAnnotation(path, number, "no tab: a language code, a tab and a text were expected")
        yield number, {"lang": code.strip(), "text": text}


def _json(lines: Iterator[tuple[int, str]], path: Path) -> Objects:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadAnnotation(path, number, f"no JSON: {error}") from error
        if not isinstance(found, dict):
            raise BadAnnotation(path, number, "no JSON object")
        yield number, found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines without their ends, numbered from 1."""
    number = 0
    try:
        with path.open("rb") as packed, gzip.open(packed) if packed.peek(2).startswith(_GZIP) else packed as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise BadAnnotation(path, number, f"longer than {MAX_LINE_BYTES:,} bytes")
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadAnnotation(path, number, "not UTF-8") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadAnnotation(path, number + 1, f"broken gzip: {error}") from error
