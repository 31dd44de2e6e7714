"""Sends are confirmed, all of them, before anybody goes on; what failed is sent again in order."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from faust.exceptions import ProducerSendError

from services.runtime import lifecycle
from services.trends.sending import Send, send_all


@dataclass(frozen=True)
class Answer:
    offset: int


@dataclass
class Producer:
    """Takes records and confirms or refuses each as the test says."""

    refuse_on_send: dict[int, Exception] = field(default_factory=dict)
    fail_delivery: dict[int, Exception] = field(default_factory=dict)
    sent: list[bytes | None] = field(default_factory=list)

    async def send(
        self, topic: str, key: Any, value: Any, partition: Any, timestamp: Any, headers: Any
    ) -> "asyncio.Future[Answer]":
        number = len(self.sent)
        self.sent.append(value)
        if number in self.refuse_on_send:
            raise self.refuse_on_send[number]
        confirmed: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if number in self.fail_delivery:
            confirmed.set_exception(self.fail_delivery[number])
        else:
            confirmed.set_result(Answer(100 + number))
        return confirmed


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle.Backoff, "next_s", lambda _self: 0.0)


def sends(*values: bytes) -> list[Send]:
    return [Send("topic", 0, None, value) for value in values]


async def test_offsets_come_back_in_order() -> None:
    assert await send_all(Producer(), sends(b"a", b"b", b"c")) == [100, 101, 102]


async def test_nothing_to_send_is_nothing_to_wait_for() -> None:
    assert await send_all(Producer(), []) == []


@pytest.mark.parametrize("error", [KafkaTimeoutError(), ProducerSendError("refused"), ConnectionError()], ids=repr)
async def test_a_failed_delivery_sends_all_again_in_order(error: Exception) -> None:
    producer = Producer(fail_delivery={1: error})
    assert await send_all(producer, sends(b"a", b"b", b"c")) == [103, 104, 105]
    assert producer.sent == [b"a", b"b", b"c"] * 2


async def test_a_refused_send_sends_all_again() -> None:
    producer = Producer(refuse_on_send={1: ProducerSendError("refused")})
    await send_all(producer, sends(b"a", b"b"))
    assert producer.sent == [b"a", b"b", b"a", b"b"]


async def test_a_record_that_is_too_large_is_not_sent_for_ever() -> None:
    refused = ProducerSendError("refused")
    refused.__cause__ = MessageSizeTooLargeError()
    with pytest.raises(MessageSizeTooLargeError):
        await send_all(Producer(refuse_on_send={0: refused}), sends(b"a"))
