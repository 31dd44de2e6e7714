"""Reads a training checkpoint: packed base weights, and on top of them what fine-tuning changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.enricher.stage import Floats

# The shape of multilingual-e5-small (intfloat, MIT), cut to the layers that were fine-tuned.
HIDDEN = 384
LAYERS = 9
ATTENTION_HEADS = 12
LAYER_NORM_EPSILON = 1e-12

# Big matrices of the base are 4-bit codes with one scale for every 32 inputs.
BLOCK = 32

WORDS = "embeddings.word_embeddings.weight"
_HEADS = "heads."
_CODES, _SCALES = ".codes", ".scales"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights under the names of Hugging Face's BertModel, [outputs, inputs]; the word embeddings stay packed."""

    weights: Mapping[str, Floats]
    heads: Mapping[str, Floats]
    word_codes: npt.NDArray[np.uint8]
    """[vocabulary, hidden / 2]: two codes a byte, low nibble first, value = nibble − 8."""
    word_scales: npt.NDArray[np.float16]
    """[vocabulary, hidden / 32]."""


def read_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint of start.safetensors and finetuned.safetensors; raises OSError when one can't be read."""
    from safetensors.numpy import load_file

    start = load_file(folder / "start.safetensors")
    finetuned = load_file(folder / "finetuned.safetensors")
    weights = {name: value.astype(np.float32) for name, value in start.items() if not _is_packed(name)}
    packed = [name.removesuffix(_CODES) for name in start if name.endswith(_CODES)]
    weights |= {name: unpack(start[name + _CODES], start[name + _SCALES]) for name in packed if name != WORDS}
    weights |= {name: value.astype(np.float32) for name, value in finetuned.items() if not name.startswith(_HEADS)}
    heads = {name.removeprefix(_HEADS): value.astype(np.float32) for name, value in finetuned.items() if name.startswith(_HEADS)}
    return Checkpoint(weights, heads, start[WORDS + _CODES], start[WORDS + _SCALES])


def _is_packed(name: str) -> bool:
    return name.endswith((_CODES, _SCALES))


def unpack(codes: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16]) -> Floats:
    """The matrix [rows, columns] that 4-bit codes [rows, columns / 2] and scales [rows, columns / 32] stand for."""
    rows, half = codes.shape
    values = np.empty((rows, half * 2), np.float32)
    values[:, 0::2] = (codes & 15).astype(np.float32) - 8
    values[:, 1::2] = (codes >> 4).astype(np.float32) - 8
    blocks = values.reshape(rows, -1, BLOCK) * scales.astype(np.float32)[..., None]
    return blocks.reshape(rows, half * 2)
