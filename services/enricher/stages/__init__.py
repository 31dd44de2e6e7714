"""The stages in the order they run; a new enrichment is one file here and one name in STAGES."""

from collections.abc import Callable

from services.enricher.assets import Assets
from services.enricher.stage import Stage
from services.enricher.stages import embedding, encode, entities, fingerprint, language, sentiment, text, topics

Load = Callable[[Assets], Stage]

STAGES: tuple[Load, ...] = (
    text.load,
    language.load,
    fingerprint.load,
    encode.load,
    entities.load,
    sentiment.load,
    topics.load,
    embedding.load,
)
