"""Reads the base model, multilingual-e5-small, whose big matrices are 4-bit codes with a scale for every 32 inputs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.enricher.stage import Floats

HIDDEN = 384
LAYER_NORM_EPSILON = 1e-12
BLOCK = 32
WORDS = "embeddings.word_embeddings.weight"
CODES, SCALES = ".codes", ".scales"

Packed = Mapping[str, npt.NDArray[Any]]

_PARTS = ("query", "key", "value")
# Our names of a layer's parts, and those of Hugging Face's BertModel.
_NAMES = {
    "attention_output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "output": "output.dense",
    "norm": "output.LayerNorm",
}


def read_packed(path: Path) -> Packed:
    """The arrays as they are stored."""
    from safetensors.numpy import load_file

    stored: Packed = load_file(path)
    return stored


def unpacked(stored: Packed, without_words: bool = False) -> dict[str, Floats]:
    """All weights in float32 under the names of Hugging Face's BertModel."""
    weights = {name: value.astype(np.float32) for name, value in stored.items() if not name.endswith((CODES, SCALES))}
    for name in (name.removesuffix(CODES) for name in stored if name.endswith(CODES)):
        if not (without_words and name == WORDS):
            weights[name] = unpack(stored[name + CODES], stored[name + SCALES])
    return weights


def unpack(codes: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16]) -> Floats:
    """The matrix [rows, columns] that 4-bit codes [rows, columns / 2] and scales [rows, columns / 32] stand for."""
    rows, half = codes.shape
    values = np.empty((rows, half * 2), np.float32)
    values[:, 0::2] = (codes & 15).astype(np.float32) - 8
    values[:, 1::2] = (codes >> 4).astype(np.float32) - 8
    blocks = values.reshape(rows, -1, BLOCK) * scales.astype(np.float32)[..., None]
    return blocks.reshape(rows, half * 2)


def encoder_weights(weights: Mapping[str, Floats], layers: Iterable[int]) -> dict[str, Floats]:
    """The weights of these layers under the names of network.Encoder; queries, keys and values are one matrix there."""
    kinds = weights["embeddings.token_type_embeddings.weight"][:1]
    ours: dict[str, Floats] = {"positions": weights["embeddings.position_embeddings.weight"] + kinds}
    for part in ("weight", "bias"):
        ours[f"norm.{part}"] = weights[f"embeddings.LayerNorm.{part}"]
        for place, layer in enumerate(layers):
            old, new = f"encoder.layer.{layer}", f"layers.{place}"
            attention = [weights[f"{old}.attention.self.{name}.{part}"] for name in _PARTS]
            ours[f"{new}.attention.{part}"] = np.concatenate(attention)
            ours |= {f"{new}.{our}.{part}": weights[f"{old}.{their}.{part}"] for our, their in _NAMES.items()}
    return ours


def prune(path: Path, pieces: npt.NDArray[np.uint32], target: Path) -> None:
    """Writes the base model with the embeddings of these pieces only, in their order."""
    from safetensors.numpy import save_file

    stored = dict(read_packed(path))
    for part in (CODES, SCALES):
        stored[WORDS + part] = np.ascontiguousarray(stored[WORDS + part][pieces])
    save_file(stored, target)
