"""The one list of topics; nobody else spells a topic's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.contract import Contract
from schemas.control import Order
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision
from schemas.enriched_article import EnrichedArticle
from schemas.raw_article import RawArticle

_DAY_MS = 24 * 60 * 60 * 1000
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is created: what is on it, for how long, who writes and who reads it."""

    name: str
    model: type[Contract]
    version: int
    key: str
    partitions: int
    cleanup_policy: str
    retention_ms: int
    max_message_bytes: int
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    dead_letter_topic: str | None = None
    contract_in_headers: bool = False

    @property
    def config(self) -> Mapping[str, str]:
        """The topic's settings as Kafka spells them."""
        return {
            "cleanup.policy": self.cleanup_policy,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


NEWS_RAW = Topic(
    name="news.raw",
    model=RawArticle,
    version=1,
    key="article_id",
    partitions=4,
    cleanup_policy="delete",
    retention_ms=14 * _DAY_MS,
    max_message_bytes=12 * _MB,
    producers=("gateway", "any scraper"),
    consumers=("enricher",),
    dead_letter_topic="news.raw.dlq",
)

NEWS_ENRICHED = Topic(
    name="news.enriched",
    model=EnrichedArticle,
    version=1,
    key="article_id",
    partitions=4,  # as many as news.raw, so that one article keeps its order
    cleanup_policy="compact,delete",  # compaction makes a withdrawal erase
    retention_ms=90 * _DAY_MS,
    max_message_bytes=16 * _MB,
    producers=("enricher",),
    consumers=("trends", "any consumer"),
)

NEWS_RAW_DLQ = Topic(
    name="news.raw.dlq",
    model=DeadLetter,
    version=1,
    key="the raw record's key",
    partitions=4,
    cleanup_policy="delete",
    retention_ms=30 * _DAY_MS,
    max_message_bytes=16 * _MB,
    producers=("enricher",),
    consumers=("newsloom",),
    contract_in_headers=True,
)

NEWS_RAW_DLQ_DECISIONS = Topic(
    name="news.raw.dlq.decisions",
    model=Decision,
    version=1,
    key="topic-partition-offset of the dead letter",
    partitions=1,  # a command reads all of it before it decides anything
    cleanup_policy="compact,delete",
    retention_ms=90 * _DAY_MS,  # longer than a dead letter can be there, whose last segment outlives its 30 days by a week
    max_message_bytes=1 * _MB,
    producers=("newsloom",),
    consumers=("newsloom",),
)

NEWS_CONTROL = Topic(
    name="news.control",
    model=Order,
    version=1,
    key="the consumer group",
    partitions=1,
    cleanup_policy="compact",  # a pause must outlive any absence
    retention_ms=-1,
    max_message_bytes=1 * _MB,
    producers=("enricher", "newsloom"),
    consumers=("enricher", "newsloom"),
)

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {t.name: t for t in (NEWS_RAW, NEWS_ENRICHED, NEWS_RAW_DLQ, NEWS_RAW_DLQ_DECISIONS, NEWS_CONTROL)}
)
