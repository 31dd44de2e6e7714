"""Every knob of the collector (COLLECTOR_…)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class CollectorSettings(BaseSettings):
    """Sources, state, politeness, bounds, the gateway, and the health port."""

    model_config = SettingsConfigDict(env_prefix="COLLECTOR_", env_ignore_empty=True, frozen=True, extra="ignore")

    sources_dir: Path | None = Field(None, description="Folder of the sources' *.toml files; `sources` in Newsloom's data folder")
    state_path: Path | None = Field(None, description="SQLite file; collector.sqlite in Newsloom's data folder when not set")
    contact: str | None = Field(
        None,
        pattern=r"^(https?://[!-~]+|(mailto:)?[!-~]+@[!-~]+)$",
        max_length=200,
        description="E-mail or web address that publishers can write to; goes into User-Agent",
    )
    agent: str = Field("newsloom", pattern=r"^[A-Za-z_-]{3,40}$", description="Product token: robots.txt rules for it bind us")

    gateway_url: str = Field("http://127.0.0.1:8080", description="Where the gateway is, without path")
    gateway_api_key: SecretStr | None = Field(None, description="Sent as a bearer token")
    hand_over_concurrency: int = Field(8, ge=1, description="Articles on their way to the gateway at the same time")
    outbox_max_articles: int = Field(10_000, ge=1, description="When so many wait for the gateway, fetching pauses")

    fetch_concurrency: int = Field(32, ge=1, description="Requests at the same time, over all hosts")
    connect_timeout_s: float = Field(10.0, gt=0)
    read_timeout_s: float = Field(20.0, gt=0, description="Between two pieces of an answer")
    fetch_deadline_s: float = Field(60.0, gt=0, description="For a whole answer, redirects not counted")
    max_page_bytes: int = Field(8_000_000, ge=1, description="Of a page, decompressed")
    max_listing_bytes: int = Field(52_428_800, ge=1, description="Of a feed or sitemap, decompressed; sitemaps may have 50 MiB")
    max_redirects: int = Field(8, ge=0)
    max_entries: int = Field(50_000, ge=1, description="Of a feed or sitemap; what lies beyond is left")

    retry_first_s: float = Field(60.0, gt=0, description="Wait after a failure; doubles with each, with jitter")
    retry_max_s: float = Field(21_600.0, gt=0, description="The longest such wait")
    max_failures: int = Field(6, ge=1, description="In a row, until a page is given up; feeds and sitemaps never are")
    robots_max_age_s: float = Field(86_400.0, gt=0, le=86_400.0, description="robots.txt and tdmrep.json are asked again then")
    retry_after_max_s: float = Field(86_400.0, gt=0, description="A longer Retry-After counts as this")
    extract_threads: int = Field(2, ge=1)

    stop_deadline_s: float = Field(20.0, gt=0, description="What stopping may take")
    health_host: str = Field("127.0.0.1", description="Where /healthz, /readyz and /metrics listen")
    health_port: int = Field(9465, ge=0, le=65_535, description="0 takes a free port")
