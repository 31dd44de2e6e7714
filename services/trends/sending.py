"""Sends records and waits until the broker has confirmed each, for as long as that takes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.exceptions import ProducerSendError

from services.runtime.lifecycle import Backoff
from services.runtime.logs import get_log

log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Send:
    """A record for a partition of a topic; a value of None is a tombstone, a partition of None is the key's own."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


async def send_all(producer: Any, sends: Sequence[Send]) -> list[int]:
    """The offsets, once all are confirmed; what fails is sent again, all of it and in order, until it doesn't.

    Raises:
        MessageSizeTooLargeError: a record is larger than the producer's limit, which no retry mends.
    """
    backoff = Backoff()
    while True:
        try:
            return await _try(producer, sends)
        except MessageSizeTooLargeError:
            raise
        except (KafkaError, ProducerSendError, OSError) as error:
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise error.__cause__ from None
            log.warning("send_failed", error=type(error.__cause__ or error).__name__, records=len(sends))
            await backoff.wait()


async def _try(producer: Any, sends: Sequence[Send]) -> list[int]:
    confirmations = []
    try:
        for send in sends:
            confirmations.append(await producer.send(send.topic, send.key, send.value, send.partition, None, list(send.headers)))
    finally:
        # Also when a later one was refused: nobody else would hear what became of these.
        answers = await asyncio.gather(*confirmations, return_exceptions=True)
    offsets = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        offsets.append(int(answer.offset))
    return offsets
