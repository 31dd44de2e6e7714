"""A base model with random weights and few word pieces, in the form of start.safetensors; 12 MB."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from services.enricher.training.start import BLOCK, CODES, HIDDEN, SCALES, WORDS

_LAYERS, _INNER, _POSITIONS = 12, 1536, 512
_DENSE = {
    "attention.self.query": (HIDDEN, HIDDEN),
    "attention.self.key": (HIDDEN, HIDDEN),
    "attention.self.value": (HIDDEN, HIDDEN),
    "attention.output.dense": (HIDDEN, HIDDEN),
    "intermediate.dense": (_INNER, HIDDEN),
    "output.dense": (HIDDEN, _INNER),
}
_NORMS = ("embeddings", *(f"encoder.layer.{n}.{part}" for n in range(_LAYERS) for part in ("attention.output", "output")))


def write_base_model(path: Path, pieces: int) -> None:
    """Writes one; the same for the same number of pieces."""
    rng = np.random.default_rng(5)

    def packed(rows: int, columns: int) -> dict[str, npt.NDArray[Any]]:
        codes = rng.integers(1, 16, (2, rows, columns // 2), np.uint8)  # as values -7 to 7, so that their mean is 0
        scales = np.full((rows, columns // BLOCK), 0.01, np.float16)
        return {CODES: codes[0] | codes[1] << 4, SCALES: scales}

    def halves(*shape: int, around: float = 0.0) -> npt.NDArray[np.float16]:
        return (around + 0.05 * rng.normal(size=shape)).astype(np.float16)

    matrices = {WORDS: (pieces, HIDDEN)}
    for layer in range(_LAYERS):
        matrices |= {f"encoder.layer.{layer}.{part}.weight": shape for part, shape in _DENSE.items()}
    arrays = {name + part: value for name, shape in matrices.items() for part, value in packed(*shape).items()}
    arrays |= {name.replace(".weight", ".bias"): halves(shape[0]) for name, shape in matrices.items() if name != WORDS}
    for name in _NORMS:
        arrays |= {f"{name}.LayerNorm.weight": halves(HIDDEN, around=1.0), f"{name}.LayerNorm.bias": halves(HIDDEN)}
    arrays["embeddings.position_embeddings.weight"] = halves(_POSITIONS, HIDDEN)
    arrays["embeddings.token_type_embeddings.weight"] = halves(2, HIDDEN)
    save_file(arrays, path)
