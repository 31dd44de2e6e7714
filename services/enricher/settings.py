"""Every knob of the enricher (ENRICHER_…)."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.codec import MAX_BODY_BYTES
from services.enricher.assets import BUILT_IN
from services.runtime.settings import StreamSettings


class EnricherSettings(StreamSettings):
    """How the enricher reads, thinks and writes."""

    model_config = SettingsConfigDict(env_prefix="ENRICHER_", frozen=True, extra="ignore", protected_namespaces=())

    group: str = Field("enricher", min_length=1, description="Kafka consumer group")
    max_body_bytes: int = Field(MAX_BODY_BYTES, ge=1, description="A larger raw record is dead-lettered, in bytes")
    models_dir: Path = Field(BUILT_IN, description="Folder with manifest.toml and the model files")
    entities_model: Path | None = Field(None, description="Folder with a token classifier of yours: docs/own-models.md")
    sentiment_model: Path | None = Field(None, description="Folder with a sequence classifier of yours, in its place as well")
    topics_model: Path | None = Field(None, description="The same for topics")
    disabled_stages: frozenset[str] = Field(frozenset(), description='Stages to leave out, as JSON: ["topics"]')
    inference_threads: int = Field(2, ge=1, description="Windows of text that the encoder reads at the same time")
    inference_max_articles: int = Field(16, ge=1, description="Articles of all partitions that go through the stages together")
    inference_max_code_points: int = Field(200_000, ge=1, description="... and how long they may be together, in code points")
    health_host: str = Field("127.0.0.1", description="Address of the health and metrics server; 0.0.0.0 in a container")
    health_port: int = Field(9464, ge=0, le=65535, description="Its port; 0 takes a free one")

    @property
    def own_models(self) -> Mapping[str, Path]:
        """The folders that stand in for the built-in model, by stage."""
        named = {"entities": self.entities_model, "sentiment": self.sentiment_model, "topics": self.topics_model}
        return {stage: folder for stage, folder in named.items() if folder is not None}
