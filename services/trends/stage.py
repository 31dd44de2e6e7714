"""Runs a stage over its stream: nothing that happens in it may reach Faust, which would count the records as done."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from faust.types import TP

from services.runtime.logs import get_log
from services.trends.batches import batches
from services.trends.table import Revoked

log = get_log(__name__)


class Stage(Protocol):
    """A step of the service: takes events in order, and says what is finished when it is."""

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    async def handle(self, events: Sequence[Any]) -> None:
        """Returns once all that comes of the events is confirmed, or is sure to be later.

        Raises:
            Revoked: a partition was handed on meanwhile; what was in work is read again there.
        """
        ...


async def run_stage(
    app: Any, stage: Stage, stream: Any, max_records: int, within_s: float, failed: "asyncio.Future[None]"
) -> None:
    """Until the service stops. A bug ends the process (`failed` gets it): what isn't committed is read again."""
    try:
        async for events in batches(stream, max_records, within_s):
            await _handle(app, stage, events)
        if not app.should_stop:
            raise RuntimeError("Faust ended the stream")
    except Exception as error:
        log.exception("stage_failed", stage=stage.name)
        if not failed.done():
            failed.set_exception(error)
        await asyncio.Event().wait()  # Faust must not start it again: the records in work would be left out


async def _handle(app: Any, stage: Stage, events: Sequence[Any]) -> None:
    are_current = await app.consumer.current([event.message for event in events])
    live = [event for event, is_current in zip(events, are_current, strict=True) if is_current]
    try:
        if live:
            await stage.handle(live)
    except Revoked:
        log.info("dropped_after_rebalance", stage=stage.name, records=len(live))


def ends(events: Sequence[Any]) -> dict[TP, tuple[int, int]]:
    """Per partition: the offset after the last of the events, and the generation that they were read in."""
    return {event.message.tp: (event.message.offset + 1, event.message.generation_id) for event in events}
