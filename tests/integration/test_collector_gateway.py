"""From the recorded web through the collector and the real gateway onto a real broker."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from schemas.codec import decode_raw
from schemas.identity import article_id
from schemas.topics import NEWS_RAW
from services.collector import app, outbox
from services.collector.metrics import new_metrics
from services.collector.sources import load_sources
from services.collector.state import opened_state
from tests.support.collector import SOUND_SITES, fast_settings, write_sources
from tests.support.gateway import running_gateway
from tests.support.kafka import Broker
from tests.support.recorded_web import RECORDED, RecordedWeb, expected_articles

pytestmark = pytest.mark.kafka

CHANGED_SITE, CHANGED_PATH = "stille-post.example", "/offen.html"


async def test_every_article_is_on_the_topic_and_a_change_is_a_revision(broker: Broker, tmp_path: Path) -> None:
    ahead_s = 0.0
    async with RecordedWeb() as web, running_gateway(broker) as gateway, AsyncExitStack() as stack:
        folder = write_sources(tmp_path / "sources", web, SOUND_SITES)
        state = await stack.enter_async_context(opened_state(tmp_path / "state.sqlite"))
        crawler, hand_over = await app.build(
            stack,
            fast_settings(tmp_path, 1),
            load_sources(folder),
            state,
            new_metrics(),
            web.resolve,
            lambda: time.time() + ahead_s,
        )
        hand_over.client = gateway.client
        for round_ in range(2):
            await crawler.run(asyncio.Event(), horizon_s=1.5)
            async with asyncio.timeout(30):  # a gateway whose broker is slow answers 503 for a while
                while await hand_over.hand_over_due() or await state(outbox.waiting):
                    await asyncio.sleep(0.05)
            assert hand_over.trouble is None
            if round_ == 0:
                recorded = (RECORDED / CHANGED_SITE / CHANGED_PATH.lstrip("/")).read_bytes()
                web.replaced[CHANGED_SITE, CHANGED_PATH] = recorded.replace(b"Vierzig", "Einundvierzig 🌍".encode())
                ahead_s = 3_700.0
        records = [decode_raw(record.value or b"").article for record in await broker.read(NEWS_RAW.name)]

    expected = {article_id(web.origin(each.site) + each.path) for each in expected_articles() if each.site in SOUND_SITES}
    changed = article_id(web.origin(CHANGED_SITE) + CHANGED_PATH)
    print(f"\n{len(records)} records of {len(expected)} articles on news.raw")
    assert {str(record.article_id) for record in records} == expected
    assert len(records) == len(expected) + 1
    assert sorted(record.revision or 0 for record in records if record.article_id == changed) == [0, 1]
    assert {record.published_at.evidence for record in records if record.published_at} >= {"json-ld", "meta", "time", "feed"}
