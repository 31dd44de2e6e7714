"""An article's record never depends on what else is in its batch."""

from pathlib import Path

import numpy as np
import pytest

from schemas.raw_article import RawArticle
from services.enricher.assets import open_assets
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft, Encoding
from services.enricher.stages import STAGES
from services.enricher.training.corpora import read_seeds

pytestmark = pytest.mark.model

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    assets = open_assets()
    return Pipeline([load(assets) for load in STAGES])


@pytest.fixture(scope="module")
def drafts() -> list[Draft]:
    """A mix of scripts and lengths."""
    chosen = [article for article, _ in read_seeds(SEEDS)][::4]
    texts = ["🎉", "باكو.", "a " * 3_000, "水" * 700]
    extra = [RawArticle(url=f"https://example.org/{place}", text=text) for place, text in enumerate(texts)]
    return [Draft(article=article) for article in (*map(RawArticle.model_validate, chosen), *extra)]


def answers(pipeline: Pipeline, drafts: list[Draft]) -> list[Draft]:
    return [answer for answer in pipeline(drafts) if isinstance(answer, Draft)]


def bits(encoding: Encoding | None) -> list[bytes]:
    assert encoding is not None
    return [
        array.tobytes()
        for window in encoding.windows
        for array in (window.offsets, window.entities, window.sentiment, window.topics, window.embedding)
    ]


def test_alone_and_in_any_batch_the_answer_is_the_same_to_the_bit(pipeline: Pipeline, drafts: list[Draft]) -> None:
    together = answers(pipeline, drafts)
    shuffled = np.random.default_rng(3).permutation(len(drafts))
    again = dict(zip(shuffled, answers(pipeline, [drafts[place] for place in shuffled]), strict=True))
    for place, draft in enumerate(drafts):
        (alone,) = answers(pipeline, [draft])
        for other in (together[place], again[place]):
            assert bits(other.encoding) == bits(alone.encoding)
            assert (other.entities, other.sentiment, other.topics) == (alone.entities, alone.sentiment, alone.topics)
            assert other.embedding == alone.embedding
            assert other.statuses == alone.statuses
