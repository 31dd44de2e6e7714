"""Models of the user's that stand in for the built-in one: a folder for each task; docs/own-models.md shows one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from services.enricher.assets import Assets
from services.enricher.own_models import entities, sentiment, topics
from services.enricher.stage import Stage

LOADS: Mapping[str, Callable[[Path, Assets], Stage]] = MappingProxyType(
    {"entities": entities.load, "sentiment": sentiment.load, "topics": topics.load}
)


def own_loads(folders: Mapping[str, Path]) -> dict[str, Callable[[Assets], Stage]]:
    """By the stage's name, what loads it from the folder that was named for it."""
    return {name: _load(name, folder) for name, folder in folders.items()}


def _load(name: str, folder: Path) -> Callable[[Assets], Stage]:
    return lambda assets: LOADS[name](folder, assets)
