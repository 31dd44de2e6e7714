"""Faust's side: an agent with the same work, until SIGTERM, written in one of three ways.

`each` sends a record's output and waits for its confirmation: at least once, as a Faust agent is usually made safe.
`batched` is the fastest that we know to be safe: `take_events` hands out batches, all sends of a batch are on their way
before the first confirmation is awaited, and the producer lingers and has our compression and batch size.
`unconfirmed` doesn't wait for confirmations: a record counts as done before its output is, so a crash loses outputs.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from typing import Any

import faust

from benchmarks.pass_through.work import pass_through
from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.runtime.records import Record

# Tried: shorter lingers and waits gave batches of a few records and half the rate.
_WITHIN_S = 0.5
_BATCHED: dict[str, Any] = {"producer_compression_type": "snappy", "producer_max_batch_size": 1_048_576, "producer_linger": 0.05}
_RAW: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}


def new_app(bootstrap_servers: str, group: str, batch: int, style: str) -> Any:
    """The app with its one agent."""
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap_servers}",
        broker_max_poll_records=batch,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=NEWS_RAW.partitions,
        producer_max_request_size=NEWS_ENRICHED.max_message_bytes,
        datadir=tempfile.mkdtemp(prefix="faust-"),
        web_enabled=False,
        **(_BATCHED if style == "batched" else {}),
    )
    source, out = app.topic(NEWS_RAW.name, **_RAW), app.topic(NEWS_ENRICHED.name, **_RAW)

    async def send(event: Any) -> Any:
        message = pass_through(_record(event.message)).message_with_origin()
        return await out.send(key=message.key, value=message.value, headers=list(message.headers))

    async def each(stream: Any) -> None:
        async for event in stream.events():
            await (await send(event))

    async def batched(stream: Any) -> None:
        async for events in stream.take_events(batch, within=_WITHIN_S):
            await asyncio.gather(*[await send(event) for event in events])

    async def unconfirmed(stream: Any) -> None:
        async for event in stream.events():
            await send(event)

    app.agent(source)({"each": each, "batched": batched, "unconfirmed": unconfirmed}[style])
    return app


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple(message.headers or ()),
        timestamp_ms=int(message.timestamp * 1000),
    )


def main() -> None:
    """`python -m benchmarks.pass_through.faust_agent BOOTSTRAP_SERVERS GROUP BATCH each|batched|unconfirmed`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("bootstrap_servers")
    parser.add_argument("group")
    parser.add_argument("batch", type=int)
    parser.add_argument("style", choices=["each", "batched", "unconfirmed"])
    given = parser.parse_args()
    # At any level its worker has log records made, four a message, and throws them away; we spare it that.
    logging.disable(logging.INFO)
    app = new_app(given.bootstrap_servers, given.group, given.batch, given.style)
    sys.argv = [sys.argv[0], "worker", "--without-web", "--loglevel=warn"]
    app.main()


if __name__ == "__main__":
    main()
