"""Every knob of the trends service (TRENDS_…)."""

from pathlib import Path

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


class TrendsSettings(BaseSettings):
    """What is counted, for how long, and where the tables are."""

    model_config = SettingsConfigDict(env_prefix="TRENDS_", frozen=True, extra="ignore")

    group: str = Field("trends", min_length=1, description="Kafka consumer group, and the first word of the changelogs' names")
    data_dir: Path | None = Field(None, description="Folder of the tables; trends in Newsloom's data folder when not set")
    retention_days: int = Field(7, ge=1, le=31, description="How long a mention counts, in days of event time")
    grace_hours: int = Field(24, ge=0, description="How late an article may come and still be counted, in hours of event time")
    duplicates_window_hours: int = Field(72, ge=1, description="How long copies of an article are recognised, in hours")
    duplicates_threshold: float = Field(0.8, gt=0.5, le=1, description="Jaccard similarity from which an article is a copy")
    duplicates_max_originals: int = Field(2_000_000, ge=1, description="Articles that are compared with; the oldest go first")
    flush_interval_s: float = Field(10.0, gt=0, description="How often news.trends hears of a key at most, in seconds")
    batch_max_records: int = Field(100, ge=1, description="Records of a stage that are handled together")
    batch_within_s: float = Field(0.2, gt=0, description="How long a record waits for others, in seconds")
    session_timeout_s: float = Field(6.0, ge=6, description="After so many seconds of silence a worker's partitions go to others")
    heartbeat_interval_s: float = Field(1.5, gt=0, description="How often a worker says that it lives")
    rebalance_timeout_s: float = Field(60.0, gt=0, description="What workers get to hand over partitions, in seconds")
    stop_deadline_s: float = Field(20.0, gt=0, description="What stopping may take, in seconds")
    cache_max_keys: int = Field(50_000, ge=1, description="Counters that are kept in memory")
    ranking_max_keys: int = Field(200_000, ge=1, description="Keys that the API can rank, of each partition")
    web_host: str = Field("127.0.0.1", description="Address of the API; 0.0.0.0 in a container")
    web_port: int = Field(6066, ge=1, le=65535, description="Its port")
    advertised_url: HttpUrl | None = Field(None, description="Where other workers reach this one's API; needed with several")
    health_host: str = Field("127.0.0.1", description="Address of the health and metrics server; 0.0.0.0 in a container")
    health_port: int = Field(9468, ge=0, le=65535, description="Its port; 0 takes a free one")

    @property
    def retention_s(self) -> int:
        """In seconds."""
        return self.retention_days * 24 * 60 * 60

    @property
    def grace_s(self) -> int:
        """In seconds."""
        return self.grace_hours * 60 * 60

    @property
    def duplicates_window_s(self) -> int:
        """In seconds."""
        return self.duplicates_window_hours * 60 * 60
