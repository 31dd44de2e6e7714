"""One vector for the whole article, for semantic search: the mean of its windows' vectors, weighted by their length."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.enriched_article import Embedding
from services.enricher.assets import Assets
from services.enricher.stage import Draft, Encoding, Floats, Model, Stage
from services.enricher.stages.encode import encoding_of


@dataclass(frozen=True)
class EmbeddingStage:
    """Fills `embedding`, in every language."""

    model: Model
    name: str = "embedding"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `encoding`."""
        return [self._answer(draft) for draft in drafts]

    def _answer(self, draft: Draft) -> Draft:
        return draft.answered(self.name, embedding=packed(mean_vector(encoding_of(draft))))


def mean_vector(encoding: Encoding) -> Floats:
    """The windows' mean weighted by tokens, of length 1 (0 when it cancels out)."""
    weights = np.array([len(window.offsets) for window in encoding.windows], np.float64)
    vectors = np.array([window.embedding for window in encoding.windows], np.float64)
    mean = weights @ vectors
    unit: Floats = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return unit


def packed(vector: Floats) -> Embedding:
    """The vector as half-precision numbers, little-endian, in base64."""
    return Embedding(dim=len(vector), data=base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii"))


def load(assets: Assets) -> Stage:
    """The stage for the built-in encoder's vectors."""
    return EmbeddingStage(assets.file("encoder").model)
