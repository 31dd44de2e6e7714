"""What runs in the child process in which records are handled alone that may have killed a worker."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.enricher.offline import OfflineEnricher, load_offline
from services.enricher.outcomes import dead_letter, unexpected
from services.enricher.settings import EnricherSettings
from services.enricher.settle import outcome_of
from services.runtime.errors import TransientError
from services.runtime.isolation import Handle
from services.runtime.records import Outcome, Record


def load_isolated(settings: EnricherSettings) -> Handle:
    """The worker's work without the worker; takes the memory of the models once more, and a few seconds."""
    return isolated(load_offline(settings))


def isolated(enricher: OfflineEnricher) -> Handle:
    """The outcomes of records, as the worker would make them."""

    def handle(records: Sequence[Record]) -> Sequence[Outcome]:
        return [_outcome(enricher, record) for record in records]

    return handle


def _outcome(enricher: OfflineEnricher, record: Record) -> Outcome:
    now = datetime.now(UTC)
    try:
        (settled,) = enricher.settle([record])
        return outcome_of(record, settled, now)
    except TransientError:
        raise
    except Exception as error:  # an answer like any other: only what ends the process is no answer
        return dead_letter(record, unexpected(error), now)
