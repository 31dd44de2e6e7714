"""Loads the stages with their models, for the service and for the command that needs no broker."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from services.enricher.assets import open_assets
from services.enricher.own_models import own_loads
from services.enricher.pipeline import REQUIRED_STAGES, Pipeline, untimed
from services.enricher.settings import EnricherSettings
from services.enricher.stages import STAGES, Load, name_of
from services.runtime.errors import ConfigurationError
from services.runtime.metrics import Metrics


def load_pipeline(settings: EnricherSettings, metrics: Metrics | None = None) -> Pipeline:
    """The stages with their models, verified and loaded; takes a few seconds.

    Raises:
        ConfigurationError: a model file is missing or corrupt, a label of a user's model means nothing here, or a required
            stage is disabled.
    """
    loads = _enabled(settings.disabled_stages, settings.own_models)
    assets = open_assets(settings.models_dir, threads=settings.inference_threads)
    assets.verify()
    return Pipeline(
        stages=[load(assets) for load in loads],
        disabled=settings.disabled_stages,
        timer=_Timer(metrics).measure if metrics else untimed,
    )


def _enabled(disabled: frozenset[str], own_models: Mapping[str, Path]) -> list[Load]:
    loads = {name_of(load): load for load in STAGES} | own_loads(own_models)
    if unknown := disabled - set(loads):
        raise ConfigurationError(f"ENRICHER_DISABLED_STAGES names unknown stages: {', '.join(sorted(unknown))}")
    if needed := disabled & REQUIRED_STAGES:
        raise ConfigurationError(f"these stages can't be disabled: {', '.join(sorted(needed))}")
    return [load for name, load in loads.items() if name not in disabled]


class _Timer:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        with self._metrics.stage_seconds.labels(stage=stage).time():
            yield
