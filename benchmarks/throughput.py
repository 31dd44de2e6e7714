"""Articles a second from news.raw to news.enriched with the built-in models, beside the encoder alone on the same windows:
`python -m benchmarks.throughput`. The articles are of 500 words in twelve languages, with --seeds the 64 shorter seeds.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.articles import long_articles, repeated, seeds
from benchmarks.broker import started_broker
from benchmarks.enricher_process import observed_enricher
from benchmarks.machine import print_machine
from schemas.codec import decode_raw
from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.enricher.assets import open_assets
from services.enricher.stage import Draft
from services.enricher.stages import encode, text
from services.enricher.windows import windows

Articles = Sequence[dict[str, Any]]

_DEADLINE_S = 1_800.0
_ENCODER_ROUNDS = 3


@dataclass(frozen=True)
class Run:
    """One run: wall time by the broker's clock, and what the enricher saw of itself."""

    articles: int
    rate: float
    seen: dict[str, Any]


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how often all articles go through (%(default)s)")
    parser.add_argument("--seeds", action="store_true", help="the seeds instead of long articles")
    parser.add_argument("--short", action="store_true", help="one round")
    return parser


async def measure(articles: Articles, rounds: int) -> Run:
    """Publishes the articles so often, then lets the enricher work them off."""
    count = len(articles) * rounds
    async with started_broker() as broker:
        before = await broker.ends(NEWS_ENRICHED.name)
        await broker.publish(NEWS_RAW.name, repeated(articles, count))
        async with observed_enricher(broker, "throughput") as enricher:
            await broker.until_handled(enricher.group, count, _DEADLINE_S, enricher.goes_on)
        after = await broker.ends(NEWS_ENRICHED.name)
        times = [record.timestamp for record in await broker.read(before, after)]
    first, last = min(times), max(times)
    return Run(count, sum(time > first for time in times) / (last - first) * 1000, enricher.seen)


def encoder_alone(articles: Articles, rounds: int) -> float:
    """Articles a second through nothing but the encoder, on as many threads as the service has; their windows are cut before."""
    assets = open_assets()
    stage = encode.load(assets)
    assert isinstance(stage, encode.EncodeStage)
    drafts = text.load(assets)([Draft(decode_raw(value).article) for _, value in repeated(articles, len(articles))])
    fields = [(name, field) for draft in drafts for name, field in (("title", draft.title or ""), ("text", draft.annotated_text))]
    spans = [span for name, field in fields for span in windows(name, field, stage.tokenize, stage.window_tokens)]
    ids = [np.concatenate([[stage.begin], span.ids, [stage.end]]).astype(np.int32) for span in spans]
    spent = []
    for _ in range(min(rounds, _ENCODER_ROUNDS)):
        begin = time.perf_counter()
        list(stage.executor.map(stage.encode, ids))
        spent.append(time.perf_counter() - begin)
    return len(drafts) / min(spent)


def report(run: Run, encoder_rate: float) -> None:
    """Prints the rates and where the processor's time went."""
    seen, each_ms = run.seen, 1000 / run.articles
    outside = seen["processor_s"] - seen["encoder_s"]
    subtokens = seen["subtokens"] / run.articles
    print(f"rate       {run.rate:.2f} articles/s, {run.rate * subtokens:,.0f} subtokens/s ({subtokens:.0f} an article)")
    print(f"encoder    {encoder_rate:.2f} articles/s alone: the whole way has {run.rate / encoder_rate:.2f} of that")
    whole, encoder, rest = (seconds * each_ms for seconds in (seen["processor_s"], seen["encoder_s"], outside))
    print(f"processor  {whole:.1f} ms an article: encoder {encoder:.1f}, rest {rest:.1f}")
    stages = ", ".join(f"{name} {spent * each_ms:.2f}" for name, spent in seen["stage_s"].items())
    print(f"stages     {stages} ms an article on the stages' own thread (the encoder has others)")
    print(f"loop       {seen['callbacks']['total_s'] * each_ms:.2f} ms an article on the event loop")


def main(arguments: Sequence[str] | None = None) -> int:
    """Always 0: there is no limit to hold."""
    given = parser().parse_args(arguments)
    rounds = 1 if given.short else given.rounds
    print_machine()
    articles = seeds() if given.seeds else long_articles()
    print(f"parameters {rounds} rounds of {len(articles)} {'seeds' if given.seeds else 'long articles'}, the built-in models")
    report(asyncio.run(measure(articles, rounds)), encoder_alone(articles, rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
