"""Finds and verifies model files: the manifest beside them says what they are, for which languages and under which licence."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from services.enricher.errors import AssetCorrupt, AssetMissing
from services.enricher.stage import Model

BUILT_IN = Path(__file__).parent / "models"

# Below this measured score a language counts as unsupported (strict span F1, or macro-F1 for classes).
MIN_SCORE = 0.50


@dataclass(frozen=True, slots=True)
class Asset:
    """A model file with its provenance."""

    name: str
    version: str
    path: Path
    digest: str
    size_bytes: int
    licence: str
    source: str

    @property
    def model(self) -> Model:
        """How annotations name it."""
        return Model(self.name, self.version, self.digest)


@dataclass(frozen=True, slots=True)
class Assets:
    """The model files of a folder and the measured scores by stage and language."""

    folder: Path
    files: Mapping[str, Asset]
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    threads: int = 2
    """How many windows a model may read at the same time."""

    def file(self, role: str) -> Asset:
        """The file in a role ("encoder", "tokenizer", "language"); raises AssetMissing when the manifest names none."""
        try:
            return self.files[role]
        except KeyError:
            raise AssetMissing(f"{self.folder / 'manifest.toml'} names no file for {role}") from None

    def supported(self, stage: str) -> frozenset[str]:
        """The languages (base tags, as in schemas/languages.py) whose measured score for a stage is good enough."""
        return frozenset(tag for tag, score in self.scores.get(stage, {}).items() if score >= MIN_SCORE)

    def verify(self) -> None:
        """Compares every file with its digest.

        Raises:
            AssetMissing: a file isn't there.
            AssetCorrupt: a file has another digest; both are named.
        """
        for asset in self.files.values():
            found = digest_of(asset.path)
            if found != asset.digest:
                raise AssetCorrupt(f"{asset.path} is not {asset.name} {asset.version}: it has {found}, not {asset.digest}")


def digest_of(path: Path) -> str:
    """ "sha256:" and the hex digest of a file; raises AssetMissing when it can't be read."""
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssetMissing(f"can't read the model file {path}: {error.strerror}") from error


def open_assets(folder: Path = BUILT_IN, threads: int = 2) -> Assets:
    """The assets that a folder's manifest.toml names; nothing is loaded or verified yet.

    Raises:
        AssetMissing: there is no readable manifest.
        AssetCorrupt: the manifest isn't as it should be.
    """
    path = folder / "manifest.toml"
    try:
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
        files = {
            role: Asset(
                name=entry["name"],
                version=entry["version"],
                path=folder / entry["file"],
                digest=entry["digest"],
                size_bytes=entry["size_bytes"],
                licence=entry["licence"],
                source=entry["source"],
            )
            for role, entry in manifest["files"].items()
        }
    except OSError as error:
        raise AssetMissing(f"can't read {path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise AssetCorrupt(f"{path} is no manifest: {error}") from error
    return Assets(folder, files, manifest.get("scores", {}), manifest.get("settings", {}), threads)
