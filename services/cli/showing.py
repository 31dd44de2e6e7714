"""What the enricher wrote, record by record: shown to a person or as JSON lines, and counted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
from pydantic import ValidationError

from schemas.codec import decode_enriched, decode_raw
from schemas.control import Order
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision
from schemas.duplicate import Duplicate
from schemas.topics import (
    NEWS_CONTROL,
    NEWS_DUPLICATES,
    NEWS_ENRICHED,
    NEWS_ENRICHED_DLQ,
    NEWS_RAW_DLQ,
    NEWS_RAW_DLQ_DECISIONS,
    NEWS_TRENDS,
)
from schemas.trend import Trend
from services.cli.json_view import json_line
from services.cli.rendering import Renderer
from services.cli.screen import out, write_line

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.reading import Fetched

Show = Callable[["Fetched"], None]


def shown_as_json(record: "Fetched") -> None:
    """Writes the record as one JSON line."""
    write_line(orjson.dumps(json_line(record)))


def shown_to_person(console: "Console | None" = None) -> Show:
    """Writes records of any of our topics as blocks to read."""
    renderer = Renderer(console or out())

    def show(record: "Fetched") -> None:
        place = f"{record.topic}-{record.partition}@{record.offset}"
        try:
            _show(renderer, record)
        except (ValidationError, ValueError) as error:
            renderer.unreadable(place, type(error).__name__ if isinstance(error, ValidationError) else str(error))

    return show


def _show(renderer: Renderer, record: "Fetched") -> None:
    if record.topic in (NEWS_RAW_DLQ.name, NEWS_ENRICHED_DLQ.name):
        renderer.dead_letter(DeadLetter.from_headers(record.headers))
    elif record.topic == NEWS_RAW_DLQ_DECISIONS.name:
        renderer.decision(Decision.model_validate_json(record.value or b""))
    elif record.topic == NEWS_CONTROL.name:
        renderer.order(Order.model_validate_json(record.value or b""))
    elif record.value is None:
        renderer.withdrawn((record.key or b"").decode("utf-8", "replace"))
    elif record.topic == NEWS_TRENDS.name:
        renderer.trend(Trend.model_validate_json(record.value))
    elif record.topic == NEWS_DUPLICATES.name:
        renderer.duplicate(Duplicate.model_validate_json(record.value))
    elif record.topic == NEWS_ENRICHED.name:
        renderer.enriched(decode_enriched(record.value))
    else:
        renderer.raw(decode_raw(record.value).article)
