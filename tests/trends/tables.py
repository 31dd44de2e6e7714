"""The tables themselves, read back from their changelogs.

The counters have sums to the last ten-thousandth, which a mean would round away; the articles say how far each was settled, and
so at which stage something went wrong.
"""

from collections.abc import AsyncIterator, Collection
from uuid import UUID

from services.trends.article_state import ArticleState
from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S
from services.trends.keys import TrendKey
from services.trends.ledger import STATE
from tests.support.kafka import Broker
from tests.trends.recount import RETENTION_S, Key, Numbers, Recount, Window
from tests.trends.said import batches_of
from tests.trends.workers import GROUP

COUNTERS, ARTICLES = f"{GROUP}-counters-changelog", f"{GROUP}-articles-changelog"

Row = tuple[int, int, int, int]
"""Originals, duplicates, sentiment in ten-thousandths, scored."""


async def table_differences(broker: Broker, recount: Recount, copies: Collection[str]) -> AsyncIterator[str]:
    """One line for every bucket of a key that is off, as far as retention reaches."""
    oldest = recount.newest_s - RETENTION_S
    expected = {window: _row(numbers) for window, numbers in recount.numbers(copies).items() if window[1] >= oldest}
    found = {window: row for window, row in (await _rows(broker)).items() if window[1] >= oldest}
    for window in expected.keys() | found.keys():
        should, is_so = expected.get(window, (0, 0, 0, 0)), found.get(window, (0, 0, 0, 0))
        if should != is_so:
            yield f"table: {window} has {is_so}, not {should}"


async def settling_differences(broker: Broker, recount: Recount) -> AsyncIterator[str]:
    """One line for every article that counts and that the second stage doesn't know so, with the place of its last record."""
    states = {
        str(UUID(bytes=key[1:])): ArticleState.from_bytes(value)
        for key, value in (await _newest(broker, ARTICLES)).items()
        if key[:1] == STATE and len(key) == 17 and value is not None
    }
    oldest = recount.newest_s - RETENTION_S
    for which, counted in recount.live.items():
        state, place = states.get(which), recount.places[which]
        if counted.event_time_s < oldest:
            continue
        if state is None or not state.is_counted or (state.partition, state.offset) != place:
            yield f"second stage: the article at {place} is {state and (state.is_counted, state.partition, state.offset)}"


async def _newest(broker: Broker, topic: str) -> dict[bytes, bytes | None]:
    values: dict[bytes, bytes | None] = {}
    async for records in batches_of(broker, topic):
        values |= {record.key: record.value for record in records if record.key is not None}
    return values


async def _rows(broker: Broker) -> dict[Window, Row]:
    found: dict[Window, Row] = {}
    for name, value in (await _newest(broker, COUNTERS)).items():
        if value is not None and not name.startswith(b"\0"):
            found |= _rows_of(TrendKey.from_bytes(name), Counter.from_bytes(value))
    return found


def _rows_of(name: TrendKey, counter: Counter) -> dict[Window, Row]:
    key = Key(name.kind, name.type, name.name, name.language)
    return {
        (key, bucket * BUCKET_S): (row[0], row[1], row[2], row[3])
        for bucket, row in counter._state.buckets.items()  # the sum itself is nobody's business but a test's
    }


def _row(numbers: Numbers) -> Row:
    return numbers.originals, numbers.duplicates, numbers.sentiment, numbers.scored
