"""Enriches records without a broker: decodes, runs the stages and settles exactly as the worker does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.enriched_article import EnrichedArticle
from schemas.topics import NEWS_RAW
from services.enricher.app import load_pipeline
from services.enricher.assemble import assemble, models_of
from services.enricher.decode import Arrived, Withdrawn, decode
from services.enricher.outcomes import enriched, unexpected
from services.enricher.pipeline import Pipeline
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft, Model
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record


@dataclass(frozen=True, slots=True)
class Enriched:
    """An article as it would be published: the record and its bytes."""

    article: EnrichedArticle
    value: bytes


@dataclass(frozen=True, slots=True)
class OfflineEnricher:
    """The stages, and the bound on what they are given."""

    pipeline: Pipeline
    models: Mapping[str, Model]
    max_body_bytes: int

    def __call__(self, values: Iterable[tuple[bytes, int]]) -> list[Enriched | InvalidRecord]:
        """One answer for each value and its timestamp (milliseconds since 1970 UTC), in order; never raises for a value."""
        records = [Record(NEWS_RAW.name, 0, 0, None, value, (), timestamp_ms) for value, timestamp_ms in values]
        decoded = [decode(record, self.max_body_bytes) for record in records]
        results = iter(self.pipeline([each.draft for each in decoded if isinstance(each, Arrived)]))
        return [
            self._settle(record, each, next(results) if isinstance(each, Arrived) else None)
            for record, each in zip(records, decoded, strict=True)
        ]

    def _settle(
        self, record: Record, decoded: Arrived | Withdrawn | InvalidRecord, result: Draft | InvalidRecord | None
    ) -> Enriched | InvalidRecord:
        if isinstance(decoded, InvalidRecord):
            return decoded
        if isinstance(result, InvalidRecord):
            return result
        assert isinstance(decoded, Arrived) and result is not None, "a value that isn't null withdraws nothing"
        try:
            article = assemble(decoded, result, self.models)
            value = enriched(record, article).message.value
        except InvalidRecord as error:
            return error
        except ValidationError as error:
            return unexpected(error)
        assert value is not None
        return Enriched(article, value)


def load_offline(settings: EnricherSettings) -> OfflineEnricher:
    """The enricher with its models verified and loaded; takes a few seconds.

    Raises:
        ConfigurationError: a model file is missing or corrupt, or a required stage is disabled.
    """
    return offline(load_pipeline(settings), settings.max_body_bytes)


def offline(pipeline: Pipeline, max_body_bytes: int) -> OfflineEnricher:
    """The enricher around a pipeline."""
    return OfflineEnricher(pipeline, models_of(pipeline.stages), max_body_bytes)
