"""What the work costs a record on one thread with nothing else going on, and which part of it is orjson and pydantic."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.broker import KeyedValue
from benchmarks.pass_through.work import MODELS, draft_of, pass_through
from schemas.codec import MAX_BODY_BYTES, encode
from schemas.enriched_article import EnrichedArticle
from schemas.raw_article import RawArticle
from services.enricher.assemble import assemble
from services.enricher.decode import Arrived, decode
from services.runtime.records import Record

_REPEATS = 7


@dataclass(frozen=True)
class Costs:
    """Microseconds a record, the best of several runs."""

    whole: float
    decode: float
    assemble: float
    encode: float
    orjson: float
    pydantic: float


def costs(values: Sequence[KeyedValue]) -> Costs:
    """Measures the parts one after the other on the same records."""
    records = [Record("news.raw", 0, offset, key, value, (), 0) for offset, (key, value) in enumerate(values)]
    arrived = [each for each in (decode(record, MAX_BODY_BYTES) for record in records) if isinstance(each, Arrived)]
    documents = [orjson.loads(value) for _, value in values]
    drafts = [(each, draft_of(each)) for each in arrived]
    articles = [assemble(each, draft, MODELS) for each, draft in drafts]
    fields = [{name: getattr(article, name) for name in EnrichedArticle.model_fields} for article in articles]
    return Costs(
        whole=_each(pass_through, records),
        decode=_each(lambda record: decode(record, MAX_BODY_BYTES), records),
        assemble=_each(lambda pair: assemble(pair[0], pair[1], MODELS), drafts),
        encode=_each(encode, articles),
        orjson=_each(orjson.loads, [value for _, value in values]),
        pydantic=_each(RawArticle.model_validate, documents)
        + _each(EnrichedArticle.model_validate, fields)
        + _each(encode, articles),
    )


def _each(function: Callable[[Any], object], items: Sequence[Any]) -> float:
    best = float("inf")
    for _ in range(_REPEATS):
        begin = time.thread_time()
        for item in items:
            function(item)
        best = min(best, time.thread_time() - begin)
    return best / len(items) * 1e6
