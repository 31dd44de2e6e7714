"""The one list of topics; nobody else spells a topic's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.contract import Contract
from schemas.control import Order
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision
from schemas.duplicate import Duplicate
from schemas.enriched_article import EnrichedArticle
from schemas.raw_article import RawArticle
from schemas.trend import Trend

_DAY_MS = 24 * 60 * 60 * 1000
_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as it is created: for how long records stay, who writes and who reads it."""

    name: str
    key: str
    partitions: int
    cleanup_policy: str
    retention_ms: int
    max_message_bytes: int
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    dead_letter_topic: str | None = None
    segment_bytes: int | None = None
    """Size of a log file, where compaction is to come sooner than after the broker's own: the newest file is never compacted."""

    @property
    def contents(self) -> str:
        """What is on it, in a few words."""
        raise NotImplementedError

    @property
    def config(self) -> Mapping[str, str]:
        """The topic's settings as Kafka spells them."""
        return {
            "cleanup.policy": self.cleanup_policy,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            **({"segment.bytes": str(self.segment_bytes)} if self.segment_bytes is not None else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTopic(Topic):
    """A topic that anybody may read by its contract."""

    model: type[Contract]
    version: int
    contract_in_headers: bool = False

    @property
    def contents(self) -> str:
        """Contract and version."""
        return f"{self.model.__name__} v{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalTopic(Topic):
    """A topic between the parts of one service, in bytes of its own: no contract, and the next version may change it."""

    layout: str
    """The module of that service that writes and reads its messages."""

    @property
    def contents(self) -> str:
        """Where its bytes are described."""
        return f"internal: {self.layout}"


NEWS_RAW = PublicTopic(
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

NEWS_ENRICHED = PublicTopic(
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
    dead_letter_topic="news.enriched.dlq",
)

NEWS_RAW_DLQ = PublicTopic(
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

NEWS_RAW_DLQ_DECISIONS = PublicTopic(
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

NEWS_CONTROL = PublicTopic(
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

NEWS_ENRICHED_DLQ = PublicTopic(
    name="news.enriched.dlq",
    model=DeadLetter,
    version=1,
    key="the enriched record's key",
    partitions=1,  # nearly nothing comes here: what is on news.enriched has been checked before
    cleanup_policy="delete",
    retention_ms=120 * _DAY_MS,
    max_message_bytes=17 * _MB,
    producers=("trends",),
    consumers=("newsloom",),
    contract_in_headers=True,
)

NEWS_DUPLICATES = PublicTopic(
    name="news.duplicates",
    model=Duplicate,
    version=1,
    key="article_id of the copy",
    partitions=4,
    cleanup_policy="compact,delete",
    retention_ms=30 * _DAY_MS,
    max_message_bytes=1 * _MB,
    producers=("trends",),
    consumers=("any consumer",),
)

NEWS_TRENDS = PublicTopic(
    name="news.trends",
    model=Trend,
    version=1,
    key="[kind, type, name, language, window start]",
    partitions=4,
    cleanup_policy="compact,delete",
    retention_ms=30 * _DAY_MS,
    max_message_bytes=1 * _MB,
    producers=("trends",),
    consumers=("any consumer",),
)

NEWS_TRENDS_ARTICLES = InternalTopic(
    name="news.trends.articles",
    layout="services.trends.reading",
    key="article_id",
    partitions=1,  # copies have different keys, and each must meet its original in the order of arrival
    cleanup_policy="delete",
    retention_ms=7 * _DAY_MS,
    max_message_bytes=4 * _MB,
    producers=("trends",),
    consumers=("trends",),
)

NEWS_TRENDS_MENTIONS = InternalTopic(
    name="news.trends.mentions",
    layout="services.trends.change",
    key="none: the partition is that of kind, type and name",
    partitions=4,  # the most workers that can share the counting
    cleanup_policy="delete",
    retention_ms=7 * _DAY_MS,
    max_message_bytes=4 * _MB,
    producers=("trends",),
    consumers=("trends",),
)

PUBLIC_TOPICS: Mapping[str, PublicTopic] = MappingProxyType(
    {
        topic.name: topic
        for topic in (
            NEWS_RAW,
            NEWS_ENRICHED,
            NEWS_RAW_DLQ,
            NEWS_RAW_DLQ_DECISIONS,
            NEWS_CONTROL,
            NEWS_ENRICHED_DLQ,
            NEWS_DUPLICATES,
            NEWS_TRENDS,
        )
    }
)
"""Those with a contract."""

INTERNAL_TOPICS: Mapping[str, InternalTopic] = MappingProxyType(
    {topic.name: topic for topic in (NEWS_TRENDS_ARTICLES, NEWS_TRENDS_MENTIONS)}
)

TOPICS: Mapping[str, Topic] = MappingProxyType({**PUBLIC_TOPICS, **INTERNAL_TOPICS})
"""All of them; the changelogs of the trends' tables are named and made by Faust."""
