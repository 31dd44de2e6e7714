"""Every delivery is confirmed, or the publisher says how many were."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.cli import publishing
from services.cli.errors import CouldNot
from services.cli.publishing import Publisher
from services.runtime.records import Message

MESSAGE = Message("news.raw", b"key", b"value")


class FakeProducer:
    """Takes messages; the test decides what becomes of each."""

    def __init__(self) -> None:
        self.deliveries: list[asyncio.Future[object]] = []

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> "asyncio.Future[object]":
        self.deliveries.append(asyncio.get_running_loop().create_future())
        return self.deliveries[-1]


async def sent(publisher: Publisher, count: int) -> None:
    for _ in range(count):
        await publisher.send(MESSAGE)


async def test_only_confirmed_deliveries_are_counted() -> None:
    producer = FakeProducer()
    publisher = Publisher(producer)
    await sent(publisher, 3)
    producer.deliveries[1].set_result(None)
    await asyncio.sleep(0)
    assert publisher.confirmed == 1


async def test_confirming_waits_for_every_delivery() -> None:
    producer = FakeProducer()
    publisher = Publisher(producer)
    await sent(publisher, 2)
    confirming = asyncio.ensure_future(publisher.confirm())
    producer.deliveries[0].set_result(None)
    await asyncio.sleep(0)
    assert not confirming.done()
    producer.deliveries[1].set_result(None)
    await confirming
    assert publisher.confirmed == 2


async def test_a_failed_delivery_is_never_passed_over() -> None:
    producer = FakeProducer()
    publisher = Publisher(producer)
    await sent(publisher, 2)
    producer.deliveries[0].set_exception(KafkaTimeoutError())
    producer.deliveries[1].set_result(None)
    with pytest.raises(CouldNot, match=r"\(KafkaTimeoutError\): 1 of 2 records are confirmed"):
        await publisher.confirm()


async def test_nothing_more_is_sent_after_a_failure() -> None:
    producer = FakeProducer()
    publisher = Publisher(producer)
    await sent(publisher, 1)
    producer.deliveries[0].set_exception(KafkaTimeoutError())
    await asyncio.sleep(0)
    with pytest.raises(CouldNot):
        await sent(publisher, 1)


async def test_no_more_are_on_their_way_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_MAX_UNCONFIRMED", 2)
    producer = FakeProducer()
    sending = asyncio.ensure_future(sent(Publisher(producer), 5))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(producer.deliveries) == 3
    for delivery in producer.deliveries:
        delivery.set_result(None)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(producer.deliveries) == 5
    await sending


async def test_a_broker_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_SILENCE_S", 0.01)
    publisher = Publisher(FakeProducer())
    await sent(publisher, 2)
    with pytest.raises(CouldNot, match="0 of 2 records are confirmed"):
        await publisher.confirm()


async def test_a_rate_spreads_the_records() -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    await sent(Publisher(FakeProducer(), rate=10.0, clock=lambda: 100.0, pause=pause), 3)
    assert waits == pytest.approx([0.0, 0.1, 0.2])
