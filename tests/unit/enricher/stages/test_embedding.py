"""One vector an article."""

import base64

import numpy as np
import pytest

from schemas.enriched_article import Embedding
from services.enricher.stages.embedding import EmbeddingStage
from tests.support.encodings import MODEL, draft, window

STAGE = EmbeddingStage(MODEL)


def vector(embedding: Embedding | None) -> list[float]:
    assert embedding is not None
    values = np.frombuffer(base64.b64decode(embedding.data), "<f2")
    assert len(values) == embedding.dim
    return [float(value) for value in values]


def test_windows_count_by_their_tokens() -> None:
    article = draft("x", window("a b c", embedding=(1.0, 0.0)), window("日", embedding=(0.0, 3.0)))
    (answer,) = STAGE([article])
    assert vector(answer.embedding) == pytest.approx([0.7071, 0.7071], abs=1e-3)


def test_the_vector_has_unit_length() -> None:
    (answer,) = STAGE([draft("x", window("a", embedding=(30.0, 40.0)))])
    assert vector(answer.embedding) == pytest.approx([0.6, 0.8], abs=1e-3)


def test_every_language_gets_one() -> None:
    (answer,) = STAGE([draft("x", window("a"), language="und")])
    assert answer.statuses["embedding"] == "ok"
    assert answer.embedding is not None


def test_vectors_that_cancel_out_stay_finite() -> None:
    (answer,) = STAGE([draft("x", window("a", embedding=(1.0, 0.0)), window("b", embedding=(-1.0, 0.0)))])
    assert vector(answer.embedding) == [0.0, 0.0]


def test_an_article_that_was_not_encoded_fails() -> None:
    with pytest.raises(ValueError, match="not encoded"):
        STAGE([draft("x")])
