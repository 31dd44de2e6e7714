"""Articles of several partitions share batches, bounded, each getting its own answer."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from schemas.raw_article import RawArticle
from services.enricher.batcher import Batcher
from services.enricher.stage import Draft
from services.runtime.errors import TransientError


def draft(text: str) -> Draft:
    return Draft(article=RawArticle(url="https://herald.example/a", text=text), text=text)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


async def test_answers_go_back_to_those_who_asked(executor: ThreadPoolExecutor) -> None:
    sizes: list[int] = []

    def run(drafts: Sequence[Draft]) -> list[Draft]:
        sizes.append(len(drafts))
        return [replace(d, fingerprint=d.text) for d in drafts]

    batcher = Batcher(run, executor, max_articles=8, max_code_points=1_000)
    async with batcher.running():
        lanes = [[draft(f"{lane}-{i}") for i in range(10)] for lane in "αбج"]
        answers = await asyncio.gather(*(batcher(lane) for lane in lanes))
    assert [[d.fingerprint for d in lane if isinstance(d, Draft)] for lane in answers] == [
        [d.text for d in lane] for lane in lanes
    ]
    assert max(sizes) <= 8 and sum(sizes) == 30 and len(sizes) < 30


async def test_long_articles_make_small_batches(executor: ThreadPoolExecutor) -> None:
    weights: list[int] = []

    def run(drafts: Sequence[Draft]) -> list[Draft]:
        weights.append(sum(len(d.text) for d in drafts))
        return list(drafts)

    batcher = Batcher(run, executor, max_articles=8, max_code_points=100)
    async with batcher.running():
        await batcher([draft("x" * n) for n in (60, 60, 10, 500, 20)])
    assert sum(weights) == 650
    assert all(weight <= 100 or weight == 500 for weight in weights)


async def test_error_of_a_batch_reaches_everyone_in_it_and_the_next_batch_runs(executor: ThreadPoolExecutor) -> None:
    def run(drafts: Sequence[Draft]) -> list[Draft]:
        if any(d.text == "bad" for d in drafts):
            raise TransientError("away")
        return list(drafts)

    batcher = Batcher(run, executor, max_articles=1, max_code_points=100)
    async with batcher.running():
        with pytest.raises(TransientError):
            await batcher([draft("bad")])
        assert len(await batcher([draft("good")])) == 1


async def test_those_who_gave_up_are_not_worked_for(executor: ThreadPoolExecutor) -> None:
    seen: list[str] = []

    def run(drafts: Sequence[Draft]) -> list[Draft]:
        seen.extend(d.text for d in drafts)
        return list(drafts)

    batcher = Batcher(run, executor, max_articles=4, max_code_points=100)
    waiting = asyncio.ensure_future(batcher([draft("dropped")]))
    await asyncio.sleep(0)
    waiting.cancel()
    async with batcher.running():
        await batcher([draft("kept")])
    assert seen == ["kept"]
