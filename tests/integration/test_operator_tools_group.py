"""The enricher's group moved by the operator, on a real broker."""

from pathlib import Path

import pytest

from schemas.codec import moment_of
from schemas.publication_date import rfc3339
from schemas.topics import NEWS_RAW
from tests.support.enricher import running_enricher
from tests.support.kafka import Broker, until
from tests.support.operator import Operator, articles, committed

pytestmark = pytest.mark.kafka


async def stands(operator: Operator, *arguments: str) -> list[int]:
    """Where a seek says that each partition stands then."""
    ended = await operator("group", "seek", *arguments)
    assert ended.code == 0, ended.err
    return [int(line.split("\t")[2]) for line in ended.lines[1:]]


async def test_a_group_is_moved_while_nobody_is_in_it(broker: Broker, tmp_path: Path) -> None:
    operator = Operator(broker, tmp_path)
    await broker.publish(NEWS_RAW.name, articles("seek", 40))
    ends = await _ends(broker)
    async with running_enricher(broker, "enricher") as running:
        await until(lambda: running.settled >= 40)
        refused = await operator("group", "seek", "earliest")
        assert refused.code == 1 and "the group enricher has 1 members: stop its workers first" in refused.err

    assert await stands(operator, "earliest", "--dry-run") == [0, 0, 0, 0]
    assert await stands(operator, "latest") == ends
    assert await stands(operator, "1") == [1, 1, 1, 1]
    assert await stands(operator, "latest", "--partition", "2") == [ends[2]]
    await broker.publish(NEWS_RAW.name, articles("later", 20))
    later = min(record.timestamp for record in await committed(broker, NEWS_RAW.name) if record.offset >= ends[record.partition])
    assert await stands(operator, rfc3339(moment_of(later))) == ends
    assert await stands(operator, "999999") == await _ends(broker)

    assert await stands(operator, "earliest", "--partition", "3") == [0]
    async with running_enricher(broker, "enricher") as running:
        await until(lambda: running.settled >= ends[3])
        assert running.settled == (await _ends(broker))[3]


async def _ends(broker: Broker) -> list[int]:
    raw = await committed(broker, NEWS_RAW.name)
    return [sum(record.partition == number for record in raw) for number in range(4)]
