"""Reads what an encoder is made of: the base model, and on top of it what training changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.enricher.stage import Floats
from services.enricher.training.start import CODES, SCALES, WORDS, Packed, encoder_weights, read_packed, unpacked

# The shape of multilingual-e5-small (intfloat, MIT), cut to the layers that are trained.
LAYERS = 9
ATTENTION_HEADS = 12

_ENCODER = "encoder."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights under the names of network.Network, [outputs, inputs]; the word embeddings stay packed."""

    weights: Mapping[str, Floats]
    """Of the encoder."""
    heads: Mapping[str, Floats]
    word_codes: npt.NDArray[np.uint8]
    """[vocabulary, hidden / 2]: two codes a byte, low nibble first, value = nibble − 8."""
    word_scales: npt.NDArray[np.float16]
    """[vocabulary, hidden / 32]."""


def read_checkpoint(start: Path, trained: Path) -> Checkpoint:
    """The encoder of start.safetensors with the weights that training wrote; raises OSError when one can't be read."""
    from safetensors.numpy import load_file

    stored = read_packed(start)
    changed = {name: value.astype(np.float32) for name, value in load_file(trained).items()}
    weights = _of_layers(stored)
    weights |= {name.removeprefix(_ENCODER): value for name, value in changed.items() if name.startswith(_ENCODER)}
    heads = {name: value for name, value in changed.items() if not name.startswith(_ENCODER)}
    return Checkpoint(weights, heads, stored[WORDS + CODES], stored[WORDS + SCALES])


def read_base(start: Path) -> Mapping[str, Floats]:
    """The base model's layers under the names that training writes; raises OSError when it can't be read."""
    return {f"{_ENCODER}{name}": value for name, value in _of_layers(read_packed(start)).items()}


def _of_layers(stored: Packed) -> dict[str, Floats]:
    return encoder_weights(unpacked(stored, without_words=True), range(LAYERS))
