"""The Arabic report and twenty edited copies of it, from news.raw through the real models to news.duplicates and the API."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.duplicate import Duplicate
from schemas.identity import article_id
from schemas.topics import NEWS_DUPLICATES, NEWS_RAW, NEWS_TRENDS
from schemas.trend import Trend
from services.enricher.loading import load_pipeline
from services.enricher.settings import EnricherSettings
from tests.support.command import ROOT
from tests.support.enricher import running_enricher
from tests.support.kafka import Broker
from tests.trends.workers import open_workers

pytestmark = [pytest.mark.kafka, pytest.mark.model]

COPIES = 20
DEADLINE_S = 60.0
_WORDS = ("أمس", "اليوم", "بحسب", "المصدر", "لاحقا", "مساء")


def the_report() -> dict[str, Any]:
    """Our report on Nagorno-Karabakh."""
    seeds = map(json.loads, (ROOT / "seeds/articles.jsonl").read_text("utf-8").splitlines())
    return next(seed for seed in seeds if "nagorno-karabakh" in seed["url"])


def copies_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """As twenty outlets print agency copy: some words changed, a credit before it, the end cut, other quotation marks."""
    copies = []
    for number in range(COPIES):
        chance, words = random.Random(number), report["text"].split(" ")
        for place in chance.sample(range(len(words)), 3):
            words[place] = chance.choice(_WORDS)
        text = " ".join(words)
        if number % 3 == 0:
            text = f"نقلا عن وكالات الأنباء، {text}"
        if number % 4 == 0:
            text = text.replace("«", '"').replace("»", '"')
        if number % 5 == 0:
            text = text.rsplit(".", 2)[0] + "."
        url = f"https://outlet-{number}.example/world/report"
        source = {"name": f"Outlet {number}", "domain": f"outlet-{number}.example", "country": "EG"}
        copies.append(
            {
                **report,
                "url": url,
                "canonical_url": None,
                "text": text,
                "title": f"{report['title']} ({number})",
                "source": source,
            }
        )
    return copies


def raw(articles: Sequence[dict[str, Any]]) -> list[tuple[bytes, bytes]]:
    return [(article_id(a["url"]).encode(), json.dumps(a, ensure_ascii=False).encode()) for a in articles]


async def asked(client: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    answer = await client.get("/trends", params=parameters)
    return list(answer.json()["trends"]) if answer.status_code == 200 else []


async def azerbaijan(client: httpx.AsyncClient, mentions: int) -> dict[str, Any]:
    """The row of أذربيجان once it counts so many articles."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            for row in await asked(client, window="1h", type="LOC", lang="ar"):
                if row["name"] == "أذربيجان" and row["originals"] + row["duplicates"] == mentions:
                    return row
            await asyncio.sleep(0.1)


async def test_the_report_and_its_copies(broker: Broker, tmp_path: Path) -> None:
    report = the_report()
    copies = copies_of(report)
    stages = (await asyncio.to_thread(load_pipeline, EnricherSettings())).stages
    async with open_workers(broker.bootstrap_servers, tmp_path, {"TRENDS_FLUSH_INTERVAL_S": "0.5"}) as workers:
        worker = await workers.start()
        async with running_enricher(broker, "trends-test", stages) as enricher, httpx.AsyncClient(base_url=worker.url) as client:
            await broker.publish(NEWS_RAW.name, raw([report]))
            await worker.ready()
            await azerbaijan(client, 1)
            await broker.publish(NEWS_RAW.name, raw(copies))
            row = await azerbaijan(client, 1 + COPIES)
            assert (row["originals"], row["duplicates"], row["sources"]) == (1, COPIES, 1 + COPIES)
            assert row["burst"]["rising"] and row["sentiment"] < 0
            assert row["languages"] == [{"tag": "ar", "mentions": 1 + COPIES}]

            withdrawn = article_id(copies[0]["url"]).encode()
            await broker.publish(NEWS_RAW.name, [(withdrawn, None)])
            assert (await azerbaijan(client, COPIES))["duplicates"] == COPIES - 1
            assert enricher.count("dead_letter") == 0
        assert await worker.stop() == 0

    newest = {record.key: record.value for record in await broker.read(NEWS_DUPLICATES.name)}
    assert newest.pop(withdrawn) is None
    told = [Duplicate.model_validate_json(value) for value in newest.values() if value is not None]
    assert {duplicate.original_id for duplicate in told} == {article_id(report["url"])}
    assert {duplicate.article_id for duplicate in told} == {article_id(copy["url"]) for copy in copies[1:]}
    assert min(duplicate.similarity for duplicate in told) >= 0.8

    trends = {
        record.key: Trend.model_validate_json(record.value) for record in await broker.read(NEWS_TRENDS.name) if record.value
    }
    rising = Counter(trend.name for trend in trends.values() if trend.kind == "entity" and trend.burst.rising)
    print(f"1 original, {COPIES} copies; rising: {', '.join(rising)}; sentiment of أذربيجان {row['sentiment']}")
    assert "أذربيجان" in rising
