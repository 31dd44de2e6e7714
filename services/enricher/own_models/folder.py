"""Reads a folder with a model as Hugging Face's optimum exports it, and what the user's newsloom.toml says about it."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.languages import LANGUAGES, UNDETERMINED, base_language
from services.enricher.assets import digest_of
from services.enricher.errors import AssetCorrupt, AssetMissing
from services.enricher.stage import Model

CONFIG, NOTES, GRAPH, TOKENIZER = "config.json", "newsloom.toml", "model.onnx", "tokenizer.json"

# Weights of over 2 GB don't fit into one file of the format; exporters name the second one in either way.
_WEIGHTS = "model.onnx[._]data"

# Longer windows cost more than they bring: encoders were trained on at most this, and their time grows with the square.
_MOST_TOKENS = 512

# These count positions from behind the number of the padding token (RoBERTa: 514 rows for 512 tokens; rinna's for 510).
_BEHIND_PADDING = ("roberta", "camembert", "data2vec-text", "ibert", "longformer", "mpnet", "xmod")
_ROBERTA_PADDING = 1


class _Config(BaseModel):
    """What counts here of config.json."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    id2label: dict[int, str] = Field(min_length=1)
    model_type: str = ""
    max_position_embeddings: int | None = None
    pad_token_id: int | None = None
    problem_type: str | None = None


class _Notes(BaseModel):
    """newsloom.toml; every line of it is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(None, min_length=1)
    version: str | None = Field(None, min_length=1)
    languages: tuple[str, ...] | None = Field(None, min_length=1)
    labels: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model of the user's, all but its weights."""

    path: Path
    model: Model
    labels: Sequence[str]
    """In the order of the model's outputs."""
    mapping: Mapping[str, str]
    """What newsloom.toml says that labels mean."""
    languages: frozenset[str] | None
    """Base tags; None for every language."""
    max_tokens: int
    """That the model reads at a time, special tokens included."""
    problem_type: str | None
    tokenizer: bytes
    """tokenizer.json as it is."""

    def file(self, name: str) -> Path:
        """A file of the folder."""
        return self.path / name


def read_folder(path: Path) -> ModelFolder:
    """What the folder says about its model; reads the model once, for its digest.

    Raises:
        AssetMissing: a file isn't there.
        AssetCorrupt: a file isn't as it should be.
    """
    config = _read_config(path / CONFIG)
    notes = _read_notes(path / NOTES)
    digest = _digest(path)
    version = notes.version or digest.removeprefix("sha256:")[:12]
    return ModelFolder(
        path=path,
        model=Model(notes.name or path.resolve().name, version, digest),
        labels=_labels(path / CONFIG, config.id2label),
        mapping=notes.labels,
        languages=_languages(path / NOTES, notes.languages),
        max_tokens=_max_tokens(config),
        problem_type=config.problem_type,
        tokenizer=_bytes(path / TOKENIZER),
    )


def _labels(path: Path, by_number: Mapping[int, str]) -> Sequence[str]:
    if sorted(by_number) != list(range(len(by_number))):
        raise AssetCorrupt(f"{path}: id2label doesn't number the labels from 0 to {len(by_number) - 1}")
    return tuple(by_number[number] for number in range(len(by_number)))


def _languages(path: Path, tags: Sequence[str] | None) -> frozenset[str] | None:
    if tags is None:
        return None
    languages = {tag: base_language(tag) for tag in tags}
    if unknown := [tag for tag, base in languages.items() if base not in LANGUAGES and base != UNDETERMINED]:
        raise AssetCorrupt(f"{path}: languages that Newsloom doesn't tell apart: {', '.join(unknown)}")
    return frozenset(languages.values())


def _max_tokens(config: _Config) -> int:
    most = config.max_position_embeddings or _MOST_TOKENS
    if any(kind in config.model_type for kind in _BEHIND_PADDING):
        most -= (_ROBERTA_PADDING if config.pad_token_id is None else config.pad_token_id) + 1
    return min(most, _MOST_TOKENS)


def _digest(path: Path) -> str:
    """That of the graph; with weights in a file of their own, that of the two as if they were one."""
    weights = sorted(path.glob(_WEIGHTS))
    if not weights:
        return digest_of(path / GRAPH)
    whole = hashlib.sha256()
    for part in (path / GRAPH, *weights):
        try:
            with part.open("rb") as file:
                hashlib.file_digest(file, lambda: whole)
        except OSError as error:
            raise _missing(part, error) from error
    return f"sha256:{whole.hexdigest()}"


def _read_config(path: Path) -> _Config:
    try:
        return _Config.model_validate_json(_bytes(path))
    except ValidationError as error:
        raise AssetCorrupt(f"{path}: {_problems(error)}") from error


def _read_notes(path: Path) -> _Notes:
    if not path.exists():
        return _Notes()
    try:
        return _Notes.model_validate(tomllib.loads(_bytes(path).decode()))
    except ValidationError as error:
        raise AssetCorrupt(f"{path}: {_problems(error)}") from error
    except ValueError as error:
        raise AssetCorrupt(f"{path} is no TOML: {error}") from error


def _problems(error: ValidationError) -> str:
    return "; ".join(
        ".".join(map(str, problem["loc"])) + ": " * bool(problem["loc"]) + problem["msg"]
        for problem in error.errors(include_input=False, include_url=False)
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _missing(path, error) from error


def _missing(path: Path, error: OSError) -> AssetMissing:
    return AssetMissing(f"can't read the model file {path}: {error.strerror}")
