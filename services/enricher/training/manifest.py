"""Reads and writes the manifest beside the model files, so that digests, scores and settings come from programs."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NAME = "manifest.toml"

_HEADER = """\
# Written by programs in services/enricher/training: export writes files, calibrate writes settings, measure writes
# scores and evidence. Scores are strict span F1 (entities) or macro-F1 (sentiment, topics), 0-1, by language;
# a stage answers "unsupported_language" below 0.50 and where there is no score.
"""


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest's tables; none when there is no manifest yet."""
    path = folder / NAME
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def update_manifest(folder: Path, **tables: Mapping[str, Any]) -> None:
    """Writes the given top-level tables and keeps the others; a table inside them replaces the one of its name."""
    manifest = read_manifest(folder)
    for name, table in tables.items():
        manifest[name] = dict(table) if name == "checkpoint" else {**manifest.get(name, {}), **table}
    lines = [line for name in sorted(manifest) for line in _table((name,), manifest[name])]
    (folder / NAME).write_text(_HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if values:
        yield f"\n[{'.'.join(map(_key, path))}]"
        yield from (f"{_key(key)} = {_literal(value)}" for key, value in values.items())
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _table((*path, key), value)


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _literal(key)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
