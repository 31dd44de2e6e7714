"""The counters' table itself, read back from its changelog: sums to the last ten-thousandth, which a mean would round away."""

from collections.abc import AsyncIterator, Collection

from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S
from services.trends.keys import TrendKey
from tests.support.kafka import Broker
from tests.trends.recount import RETENTION_S, Key, Numbers, Recount, Window
from tests.trends.said import batches_of
from tests.trends.workers import GROUP

CHANGELOG = f"{GROUP}-counters-changelog"

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


async def _rows(broker: Broker) -> dict[Window, Row]:
    values: dict[bytes, bytes | None] = {}
    async for records in batches_of(broker, CHANGELOG):
        values |= {record.key: record.value for record in records if record.key is not None}
    found: dict[Window, Row] = {}
    for name, value in values.items():
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
