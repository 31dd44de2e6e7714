"""What each record becomes once the stages have run, the same for the worker and without a broker (pure, never raises)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from schemas.enriched_article import EnrichedArticle
from services.enricher.assemble import assemble
from services.enricher.decode import Arrived, Withdrawn
from services.enricher.outcomes import dead_letter, enriched, unexpected, withdrawn
from services.enricher.stage import Draft, Model
from services.runtime.errors import InvalidRecord
from services.runtime.records import Outcome, Record

Decoded = Arrived | Withdrawn | InvalidRecord
Result = Draft | InvalidRecord


@dataclass(frozen=True, slots=True)
class Published:
    """An enriched article and the outcome that carries it."""

    article: EnrichedArticle
    outcome: Outcome


Settled = Published | Withdrawn | InvalidRecord


def articles(decoded: Sequence[Decoded]) -> list[Draft]:
    """The drafts that the stages are to work on."""
    return [each.draft for each in decoded if isinstance(each, Arrived)]


def settle(
    records: Sequence[Record], decoded: Sequence[Decoded], results: Sequence[Result], models: Mapping[str, Model]
) -> list[Settled]:
    """One answer for each record, in order; `results` are those of `articles(decoded)`."""
    finished = iter(results)
    return [
        _publish(record, each, next(finished), models) if isinstance(each, Arrived) else each
        for record, each in zip(records, decoded, strict=True)
    ]


def outcome_of(record: Record, settled: Settled, now: datetime) -> Outcome:
    """The one message that the answer becomes; `now` is when a dead letter failed."""
    if isinstance(settled, Withdrawn):
        return withdrawn(record, settled.article_id)
    if isinstance(settled, InvalidRecord):
        return dead_letter(record, settled, now)
    return settled.outcome


def _publish(record: Record, arrived: Arrived, result: Result, models: Mapping[str, Model]) -> Settled:
    if isinstance(result, InvalidRecord):
        return result
    try:
        article = assemble(arrived, result, models)
        return Published(article, enriched(record, article))
    except InvalidRecord as error:
        return error
    except ValidationError as error:
        return unexpected(error)
