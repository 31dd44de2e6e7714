"""What a replay does with each record: all stages on an article as it came, or some on one as it was published (pure)."""

from collections.abc import Sequence

from pydantic import ValidationError

from schemas.codec import decode_enriched
from schemas.enriched_article import EnrichedArticle
from services.cli.replaying import Enrich, Result
from services.enricher.decode import Withdrawn
from services.enricher.offline import OfflineEnricher
from services.enricher.outcomes import enriched, withdrawn
from services.enricher.partial import Again
from services.enricher.settle import Published, Settled
from services.runtime.errors import InvalidRecord
from services.runtime.records import ORIGIN_OFFSET, ORIGIN_PARTITION, ORIGIN_TOPIC, Message, Outcome, Record

ENRICHED, WITHDRAWN, GIVEN_UP = "enriched", "withdrawn", "given up"

_ORIGIN = frozenset({ORIGIN_TOPIC, ORIGIN_PARTITION, ORIGIN_OFFSET})


def whole(enricher: OfflineEnricher) -> Enrich:
    """Everything anew from records of news.raw."""

    def enrich(records: Sequence[Record]) -> list[Result]:
        return [_settled(record, each) for record, each in zip(records, enricher.settle(records), strict=True)]

    return enrich


def _settled(record: Record, settled: Settled) -> Result:
    if isinstance(settled, Published):
        return Result(ENRICHED, settled.outcome.message_with_origin())
    if isinstance(settled, Withdrawn):
        return Result(WITHDRAWN, withdrawn(record, settled.article_id).message_with_origin())
    return Result(f"{GIVEN_UP}: {settled.error_class}", None)


def some(again: Again) -> Enrich:
    """The chosen stages anew on records of news.enriched; a withdrawal stays one."""

    def enrich(records: Sequence[Record]) -> list[Result]:
        articles = [_article(record) for record in records]
        results = iter(again([article for article in articles if article is not None]))
        return [
            _again(record, None if article is None else next(results)) for record, article in zip(records, articles, strict=True)
        ]

    return enrich


def _article(record: Record) -> EnrichedArticle | None:
    try:
        return decode_enriched(record.value or b"")
    except ValidationError:
        return None


def _again(record: Record, result: EnrichedArticle | InvalidRecord | None) -> Result:
    if record.value is None:
        return Result(WITHDRAWN, Message(record.topic, record.key, None, _origin(record)))
    if result is None:
        return Result(f"{GIVEN_UP}: unreadable", None)
    try:
        outcome = _enriched(record, result)
    except InvalidRecord as error:
        return Result(f"{GIVEN_UP}: {error.error_class}", None)
    message = outcome.message
    return Result(ENRICHED, Message(message.topic, message.key, message.value, message.headers + _origin(record)))


def _enriched(record: Record, result: EnrichedArticle | InvalidRecord) -> Outcome:
    if isinstance(result, InvalidRecord):
        raise result
    return enriched(record, result)


def _origin(record: Record) -> tuple[tuple[str, bytes], ...]:
    return tuple(header for header in record.headers if header[0] in _ORIGIN)
