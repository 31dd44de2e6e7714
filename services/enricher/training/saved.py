"""Writes and reads a checkpoint in parts that are small enough to travel."""

import io
from pathlib import Path
from typing import Any

import torch

PART_BYTES = 15 * 2**20 - 1


def save_parts(folder: Path, state: Any) -> None:
    """Writes the state as checkpoint.0, checkpoint.1 …; an older one is replaced when the new one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    torch.save(state, content)
    data = content.getvalue()
    places = range(0, len(data), PART_BYTES)
    for number, place in enumerate(places):
        (folder / f"new.{number}").write_bytes(data[place : place + PART_BYTES])
    for old in folder.glob("checkpoint.*"):
        old.unlink()
    for number in range(len(places)):
        (folder / f"new.{number}").rename(folder / f"checkpoint.{number}")


def load_parts(folder: Path) -> Any:
    """The state, its tensors on the processor, wherever they were; None when there is none."""
    paths = sorted(folder.glob("checkpoint.*"), key=lambda path: int(path.suffix[1:]))
    if not paths:
        return None
    return torch.load(io.BytesIO(b"".join(path.read_bytes() for path in paths)), map_location="cpu", weights_only=False)
