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


def name_of(load: Load) -> str:
    """The name of the stage that a function of the list loads: its file's, known before anything heavy is loaded."""
    return load.__module__.rpartition(".")[2]
