"""Enriches records without a broker: decodes, runs the stages and settles exactly as the worker does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.topics import NEWS_RAW
from services.enricher.assemble import models_of
from services.enricher.decode import decode
from services.enricher.loading import load_pipeline
from services.enricher.pipeline import Pipeline
from services.enricher.settings import EnricherSettings
from services.enricher.settle import Settled, articles, settle
from services.enricher.stage import Model
from services.runtime.records import Record


@dataclass(frozen=True, slots=True)
class OfflineEnricher:
    """The stages, and the bound on what they are given."""

    pipeline: Pipeline
    models: Mapping[str, Model]
    max_body_bytes: int

    def __call__(self, values: Iterable[tuple[bytes, int]]) -> list[Settled]:
        """One answer for each value and its timestamp (milliseconds since 1970 UTC), in order; never raises for a value."""
        return self.settle([Record(NEWS_RAW.name, 0, 0, None, value, (), timestamp_ms) for value, timestamp_ms in values])

    def settle(self, records: Sequence[Record]) -> list[Settled]:
        """The same for records as they are on news.raw."""
        decoded = [decode(record, self.max_body_bytes) for record in records]
        return settle(records, decoded, self.pipeline(articles(decoded)), self.models)


def load_offline(settings: EnricherSettings) -> OfflineEnricher:
    """The enricher with its models verified and loaded; takes a few seconds.

    Raises:
        ConfigurationError: a model file is missing or corrupt, or a required stage is disabled.
    """
    return offline(load_pipeline(settings), settings.max_body_bytes)


def offline(pipeline: Pipeline, max_body_bytes: int) -> OfflineEnricher:
    """The enricher around a pipeline."""
    return OfflineEnricher(pipeline, models_of(pipeline.stages), max_body_bytes)
