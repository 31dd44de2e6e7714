"""Runs `newsloom` and ends it with one clear line and an exit code: 0 fine, 1 could not, 2 wrong use, 130 interrupted."""

import contextlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from services.cli.errors import ending_of, one_line

_DEBUG = "--debug"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; `--debug` anywhere shows where a mistake was noticed."""
    arguments, is_debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    _quiet_libraries(is_debug)
    _write_whatever_comes()
    try:
        from services.cli.app import app

        code = app(args=arguments, prog_name="newsloom", standalone_mode=False)
        sys.stdout.flush()  # A full disk or a closed pipe must be noticed here, not by the interpreter on its way out.
        return int(code or 0)
    except BaseException as error:
        return _end(error, is_debug)


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without --debug, which may stand anywhere before a bare "--", and whether it was there."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    kept = [argument for argument in options if argument != _DEBUG]
    return [*kept, *arguments[len(options) :]], len(kept) < len(options)


def _quiet_libraries(is_debug: bool) -> None:
    """Libraries' warnings would be lines between ours; what matters among them reaches us as an exception."""
    logging.basicConfig(level=logging.DEBUG if is_debug else logging.CRITICAL, stream=sys.stderr)


def _write_whatever_comes() -> None:
    """A terminal that isn't UTF-8 shows a question mark for what it can't write, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end(error: BaseException, is_debug: bool) -> int:
    if is_debug:
        traceback.print_exception(error)
    ending = ending_of(error)
    _let_go_of_output()
    if ending.line:
        with contextlib.suppress(OSError):
            print(ending.line if ending.is_help else f"newsloom: {one_line(ending.line)}", file=sys.stderr, flush=True)
    return ending.code


def _let_go_of_output() -> None:
    """What can't be written now must not be tried again when the interpreter ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
