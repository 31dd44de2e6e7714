"""What a model's labels mean: the tables that are known, else newsloom.toml, else an error that says what to write there."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.enricher.errors import AssetCorrupt
from services.enricher.own_models.folder import CONFIG, NOTES, ModelFolder

T = TypeVar("T")

Names = Callable[[str], Sequence[str]]
"""The names under which newsloom.toml may speak of a label, the label itself first."""


def itself(label: str) -> Sequence[str]:
    """A label has no other name."""
    return (label,)


def meanings(folder: ModelFolder, read: Callable[[str, str | None], T | None], choices: str, names: Names = itself) -> list[T]:
    """What each label means, in order; read gets it and what newsloom.toml says it is, and answers None when that says nothing.

    Raises:
        AssetCorrupt: a label means nothing, or newsloom.toml speaks of one that the model doesn't have; all are named.
    """
    told = {label: _told(folder, names(label)) for label in folder.labels}
    found = [read(label, told[label]) for label in folder.labels]
    if strangers := set(folder.mapping) - {name for label in folder.labels for name in names(label)}:
        raise AssetCorrupt(
            f"{folder.file(NOTES)}: labels that {CONFIG} doesn't have: {_listed(sorted(strangers))}; "
            f"it has {_listed(folder.labels)}"
        )
    if unknown := [label for label, meaning in zip(folder.labels, found, strict=True) if meaning is None]:
        called = [f"{label} (mapped to {told[label]})" if told[label] is not None else label for label in unknown]
        raise AssetCorrupt(
            f"{folder.file(CONFIG)} has labels that mean nothing here: {_listed(called)}. Say in {folder.file(NOTES)}, under "
            f'[labels], what each one is, like "{unknown[0]}" = "…": {choices}'
        )
    return [meaning for meaning in found if meaning is not None]


def _told(folder: ModelFolder, names: Sequence[str]) -> str | None:
    return next((folder.mapping[name] for name in names if name in folder.mapping), None)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
