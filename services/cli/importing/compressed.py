"""Opens a file as it is, or decompresses it on the way: gzip and Zstandard, recognised by their first bytes."""

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from services.cli.errors import CouldNot
from services.cli.importing.opened import GZIP, ZSTD


@contextlib.contextmanager
def decompressed(path: Path) -> Iterator[tuple[io.BufferedReader, BinaryIO]]:
    """The content to read, and the file beneath it, whose position says how far that is."""
    with path.open("rb") as file:
        magic = file.peek(4)
        if magic.startswith(GZIP):
            with gzip.GzipFile(fileobj=file) as content:
                yield io.BufferedReader(content), file
        elif magic.startswith(ZSTD):
            from services.cli.importing.zstandard import zstd

            with zstd.ZstdFile(file) as content:
                yield io.BufferedReader(content), file
        else:
            yield file, file


@contextlib.contextmanager
def named_damage(path: Path) -> Iterator[None]:
    """Turns what a broken compressed file raises into one line."""
    try:
        yield
    except EOFError as error:
        raise CouldNot(f"{path} is cut off: its compressed content has no end") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise CouldNot(f"{path} is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise CouldNot(f"{path} isn't in the encoding {error.encoding}: name the right one with --encoding") from error
    except Exception as error:
        if type(error).__name__ == "ZstdError":  # its module is imported only where a file needs it
            raise CouldNot(f"{path} is damaged: {error}") from error
        raise
