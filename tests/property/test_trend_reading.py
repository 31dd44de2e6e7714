"""Whatever stands on news.enriched is read or invalid, never another error; and its time is one that can be trusted."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.publication_date import PublicationDate
from services.runtime.errors import InvalidRecord
from services.runtime.records import Record
from services.trends.event_time import collection_time, event_time
from services.trends.reading import Reading, Withdrawal, read, reading_from_bytes
from tests.support.counting import ARTICLE_ID, WEEK_S, enriched

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, "2023-09-19T12:00:00Z", "ok"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
SPOILED = st.dictionaries(st.sampled_from(sorted(enriched())), ANY_JSON, max_size=3).map(lambda fields: {**enriched(), **fields})
DEEPER = st.tuples(st.sampled_from(["entities", "topics"]), st.sampled_from(["type", "name", "salience", "qcode"]), ANY_JSON).map(
    lambda spoiled: enriched(**{spoiled[0]: [{**enriched()[spoiled[0]][0], spoiled[1]: spoiled[2]}]})
)
VALUES = st.none() | st.binary() | (SPOILED | DEEPER | ANY_JSON).map(lambda value: json.dumps(value).encode())
KEYS = st.just(ARTICLE_ID.encode()) | st.none() | st.binary(max_size=40)
MOMENTS = st.datetimes(datetime(1600, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))
NEAR = st.datetimes(datetime(2023, 9, 10), datetime(2023, 9, 20), timezones=st.just(UTC))
DATES = st.builds(PublicationDate, value=MOMENTS | NEAR, precision=st.sampled_from(["year", "month", "day", "minute", "second"]))


def message(version: int, fields: Any) -> bytes:
    body = json.dumps(fields).encode()
    return bytes((version,)) + len(body).to_bytes(4, "little") + bytes(2) + body


@given(KEYS, VALUES, st.integers(-1, 2**62))
def test_a_record_is_read_or_invalid(key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
    try:
        found = read(Record("news.enriched", 1, 5, key, value, (), timestamp_ms), WEEK_S)
    except InvalidRecord:
        return
    assert found.article_id == ARTICLE_ID or key is not None
    assert reading_from_bytes(found.to_bytes()) == found
    if isinstance(found, Reading):
        assert len({key for key, _ in found.keys}) == len(found.keys)
        assert 0 <= found.event_time_s <= found.collected_s <= max(timestamp_ms // 1000, 0)
        assert found.sentiment is None or -10_000 <= found.sentiment <= 10_000


@given(st.binary(max_size=60) | st.builds(message, st.integers(0, 3), ANY_JSON))
def test_a_message_is_read_or_invalid(data: bytes) -> None:
    with suppress(InvalidRecord):
        assert isinstance(reading_from_bytes(data), Reading | Withdrawal)


@given(st.none() | DATES, MOMENTS | NEAR, st.integers(1, 2**62), st.integers(0, 40 * 86_400))
def test_an_event_is_never_later_than_its_record_nor_older_than_memory(
    published: PublicationDate | None, collected: datetime, timestamp_ms: int, retention_s: int
) -> None:
    time_s, collected_s = event_time(published, collected, timestamp_ms, retention_s), collection_time(collected, timestamp_ms)
    assert 0 <= time_s < 2**32 and time_s == int(time_s)
    assert collected_s - retention_s <= time_s <= collected_s <= timestamp_ms // 1000
    if time_s != collected_s:
        assert published is not None and published.precision in ("minute", "second")
        assert time_s == max(int(published.value.timestamp() // 1), 0)
