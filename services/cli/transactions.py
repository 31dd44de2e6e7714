"""Writes in transactions under a name that one process at a time can have: what is written together is seen together.

aiokafka commits a transaction whose messages were refused, so every delivery is checked before; and neither committing
nor stopping has a deadline of its own, so both get one here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from schemas.topics import TOPICS
from services.cli.connection import Connection
from services.cli.errors import CouldNot
from services.runtime.records import Message
from services.runtime.sink import hear_out, new_producer

# Longer than any of our transactions is open; the broker gives one up after it when its process is gone.
_TRANSACTION_TIMEOUT_MS = 60_000

# A broker that answers nothing for so long is gone; electing another leader takes less.
_SILENCE_S = 30.0
_STOP_DEADLINE_S = 5.0

_LARGEST_REQUEST_BYTES = max(topic.max_message_bytes for topic in TOPICS.values())


class Delivered(Protocol):
    """Where a message is."""

    @property
    def partition(self) -> int:
        """Which partition."""
        ...

    @property
    def offset(self) -> int:
        """Where in it."""
        ...


class Transactions:
    """The transactions of one process; never used again after one failed."""

    def __init__(self, producer: AIOKafkaProducer, name: str) -> None:
        self._producer, self._name = producer, name

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A transaction that is committed when the block ends, and aborted when it raises or the process dies.

        Raises:
            CouldNot: another process has taken the name, or the broker went away or refused; nothing of the block holds,
                but for a commit that nobody answered, which may.
        """
        try:
            async with asyncio.timeout(_SILENCE_S):
                await self._producer.begin_transaction()
                try:
                    yield
                except BaseException:
                    await self._abort()
                    raise
                await self._producer.commit_transaction()
        except ProducerFenced as error:
            raise CouldNot(f"another command has taken over as {self._name}; run this again when that one has ended") from error
        except TimeoutError as error:
            raise CouldNot(f"the broker confirmed nothing for {_SILENCE_S:g} s; run this again when it is back") from error

    async def deliver(self, messages: Sequence[Message]) -> list[Delivered]:
        """Where each message is, in order, when all are confirmed; for use in a transaction.

        Raises:
            KafkaError: one was refused, so the transaction must not be committed.
        """
        sent: list[asyncio.Future[Delivered]] = []
        try:
            for message in messages:
                headers = list(message.headers)
                sent.append(await self._producer.send(message.topic, value=message.value, key=message.key, headers=headers))
        finally:
            answers = await asyncio.gather(*sent, return_exceptions=True)
        delivered = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            delivered.append(answer)
        return delivered

    async def move(self, group: str, offsets: Mapping[TopicPartition, OffsetAndMetadata | int]) -> None:
        """Commits the group's offsets, and what is to be remembered with them, with the transaction."""
        await self._producer.send_offsets_to_transaction(dict(offsets), group)

    async def _abort(self) -> None:
        """Aborts if the broker lets us; a new producer of this name, or the broker's patience, ends the transaction too."""
        if self._producer._txn_manager.is_fatal_error():  # fenced: the transaction isn't ours to abort
            return
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(self._producer.abort_transaction(), _STOP_DEADLINE_S)


@contextlib.asynccontextmanager
async def open_transactions(connection: Connection, name: str) -> AsyncIterator[Transactions]:
    """Transactions under a name for the block: whoever had the name before is fenced off, and what it left open is aborted.

    Raises:
        CouldNot: the broker doesn't give us the name.
    """
    producer = new_producer(
        connection.bootstrap_servers,
        connection.kafka,
        _LARGEST_REQUEST_BYTES,
        client_id="newsloom-operator",
        transactional_id=name,
        transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
    )
    try:
        try:
            async with asyncio.timeout(_SILENCE_S):
                await producer.start()
        except TimeoutError:
            raise CouldNot(f"the broker at {connection.bootstrap_servers} starts no transactions as {name}") from None
        yield Transactions(producer, name)
    finally:
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(producer.stop(), _STOP_DEADLINE_S)
        hear_out(producer)
