"""Every knob of the gateway (GATEWAY_…)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.codec import MAX_BODY_BYTES


class GatewaySettings(BaseSettings):
    """Where it listens, who may come in, and every bound."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; other than loopback only with keys")
    port: int = Field(8080, ge=0, le=65_535, description="Its port; 0 takes a free one")
    keys_file: Path | None = Field(None, description="TOML file with hashed API keys; without it everybody on loopback may push")
    public_url: str = Field("", description="Address that scrapers use, for the OpenAPI document; its own when empty")

    article_max_bytes: int = Field(MAX_BODY_BYTES, ge=1, le=MAX_BODY_BYTES, description="Of one article, decompressed")
    batch_max_bytes: int = Field(64_000_000, ge=1, description="Of a batch, decompressed")
    batch_max_lines: int = Field(10_000, ge=1, description="Articles in a batch")
    bodies_max_bytes: int = Field(256_000_000, ge=1, description="What the articles of all requests may weigh in memory together")
    body_timeout_s: float = Field(30.0, gt=0, description="A client that sends nothing of its body for so long is answered 408")

    delivery_deadline_s: float = Field(0.8, gt=0, description="A single article that Kafka hasn't confirmed by then: 503")
    batch_delivery_deadline_s: float = Field(10.0, gt=0, description="The same for each article of a batch")
    stall_after_s: float = Field(2.0, gt=0, description="While the oldest unconfirmed record is older, new ones get 503 at once")
    queue_max_records: int = Field(10_000, ge=1, description="Unconfirmed records")
    queue_max_bytes: int = Field(64_000_000, ge=1, description="What they may weigh; a single one may weigh more")

    window_max_articles: int = Field(500_000, ge=1, description="Articles whose last digest and revision are remembered")
    window_max_age_s: float = Field(604_800.0, gt=0, description="How long they are")
    idempotency_max_answers: int = Field(100_000, ge=1, description="Answers kept for their Idempotency-Key")
    idempotency_max_bytes: int = Field(64_000_000, ge=1, description="What they may weigh together")
    idempotency_max_age_s: float = Field(86_400.0, gt=0, description="How long they are kept")

    stop_deadline_s: float = Field(25.0, gt=0, description="What requests under way get when the process is asked to stop")
    health_host: str = Field("127.0.0.1", description="Where /healthz, /readyz and /metrics also listen; 0.0.0.0 in a container")
    health_port: int = Field(9466, ge=0, le=65_535, description="Its port; 0 takes a free one")
