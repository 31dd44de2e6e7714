"""A run: the made corpus comes in, the workers are killed at random moments, one comes and one goes, and the books are closed."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.kafka import Broker, started_broker
from tests.trends.answers import answer_differences
from tests.trends.books import Books, balanced
from tests.trends.corpus import AFTERWARDS_S, FIRST, STRETCH_S, Corpus
from tests.trends.feed import open_feed
from tests.trends.generation import entries
from tests.trends.progress import Progress, StandsStill, open_progress
from tests.trends.recount import Recount
from tests.trends.said import hear
from tests.trends.similarity import true_similarity
from tests.trends.tables import settling_differences, table_differences
from tests.trends.workers import NotReady, TrendsWorker, TrendsWorkers, open_workers

_SETTINGS = {"TRENDS_FLUSH_INTERVAL_S": "1"}
_HOUR_S = 3_600
# Of ten kills so many take the folder along, and so many hit the worker again while it still recovers from the one before.
_FOLDER_IN_TEN, _AGAIN_IN_TEN = 3, 3
_EARLY_S = 4.0
_SHARE_OF_TWO = 0.05
_SHOWN_ELSEWHERE = 40

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What a run is to be."""

    seed: int
    records: int
    kills: int
    afterwards: int = 0
    """Records eight days later, when everything before is to be forgotten."""
    has_rebalance: bool = True
    rate: float | None = None
    """Records a second that are published at most; as fast as they can be when not given."""

    def corpus(self, now_s: float) -> Corpus:
        """The corpus, all of it in the past."""
        start_s = int(now_s - AFTERWARDS_S - STRETCH_S) // _HOUR_S * _HOUR_S
        return Corpus(self.seed, self.records, start_s, self.afterwards)


@dataclass
class Report:
    """What a run found."""

    wanted: Wanted
    books: list[Books] = field(default_factory=list)
    """When the second stretch was worked off, and when the third was."""
    elsewhere: list[str] = field(default_factory=list)
    """What is wrong in the tables themselves, or in the API's answers."""
    kills: int = 0
    folders: int = 0
    rebalances: int = 0
    aborted: int = 0
    published: int = 0
    ready_s: list[float] = field(default_factory=list)
    """How long each worker that wasn't killed at once took to be ready."""
    seconds: float = 0.0
    trouble: str = ""

    @property
    def is_good(self) -> bool:
        """Whether every number is right; how well copies and bursts are found is a measurement of its own."""
        return bool(self.books) and all(each.balance for each in self.books) and not self.trouble and not self.elsewhere

    @property
    def finds(self) -> bool:
        """Whether copies and bursts are found well enough."""
        return bool(self.books) and self.books[0].finds

    @property
    def lines(self) -> list[str]:
        """All of it, for people."""
        ready = f"ready after {min(self.ready_s):.1f} to {max(self.ready_s):.1f} s" if self.ready_s else "never ready"
        return [
            f"seed {self.wanted.seed}: {self.kills} kills (-9), {self.folders} of them with the folder; {ready}; "
            f"{self.rebalances} rebalances; {self.aborted} records in aborted transactions; "
            f"{self.published} records of news.trends; {self.seconds:.0f} s",
            *(self.books[0].lines if self.books else []),
            *(f"eight days later: {line}" for each in self.books[1:] for line in each.counts),
            f"tables and API: {len(self.elsewhere)} differences",
            *self.elsewhere[:_SHOWN_ELSEWHERE],
            *([self.trouble] if self.trouble else []),
            "all held" if self.is_good else "NOT all held",
        ]


async def run(wanted: Wanted, folder: Path, say: Say) -> Report:
    """Runs and compares; what goes wrong is in the report, with the workers' logs in the folder."""
    report, began = Report(wanted), time.monotonic()
    corpus, recount = wanted.corpus(time.time()), Recount()
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(started_broker())
        workers = await stack.enter_async_context(open_workers(broker.bootstrap_servers, folder, _SETTINGS))
        progress = await stack.enter_async_context(open_progress(broker))
        feed = await stack.enter_async_context(open_feed(broker, recount, progress.wrote, wanted.rate))
        auditor = _Auditor(broker, corpus, recount, workers, report)
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(workers.watch())
                playing = group.create_task(_Scene(wanted, workers, progress, report, say).play())
                for stretch, records in itertools.groupby(entries(corpus), lambda entry: entry.stretch):
                    await feed.publish(records)
                    say(f"stretch {stretch}: {feed.committed} records written so far, {feed.aborted} aborted")
                    await progress.until_idle()
                    if stretch != FIRST:
                        await playing
                        await auditor.audit()
                watching.cancel()
        except* (NotReady, StandsStill) as errors:
            report.trouble = "; ".join(f"{type(error).__name__}: {error}" for error in errors.exceptions)
        report.aborted = feed.aborted
    report.seconds = time.monotonic() - began
    return report


@dataclass
class _Auditor:
    """Closes the books."""

    broker: Broker
    corpus: Corpus
    recount: Recount
    workers: TrendsWorkers
    report: Report

    async def audit(self) -> None:
        """Compares what the service says now with the truth now."""
        heard = await hear(self.broker)
        self.report.published = heard.published
        books = await asyncio.to_thread(balanced, self.recount, heard, self.corpus, true_similarity)
        self.report.books.append(books)
        self.report.elsewhere += [each async for each in settling_differences(self.broker, self.recount)]
        self.report.elsewhere += [each async for each in table_differences(self.broker, self.recount, heard.copies)]
        worker = next(worker for worker in self.workers.all if worker.is_wanted)
        self.report.elsewhere += [each async for each in answer_differences(worker.url, self.recount, heard.copies)]


@dataclass
class _Scene:
    """The workers, and what is done to them."""

    wanted: Wanted
    workers: TrendsWorkers
    progress: Progress
    report: Report
    say: Say
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"kills {self.wanted.seed}")

    async def play(self) -> None:
        """All kills, and the rebalance between them."""
        worker = await self.workers.start()
        self.report.ready_s.append(await worker.ready())
        marks = sorted(self.chance.randrange(self.wanted.records) for _ in range(self.wanted.kills))
        for number, mark in enumerate(marks):
            if number == len(marks) // 2 and self.wanted.has_rebalance:
                worker = await self._rebalance(worker)
            await self.progress.until_handled(mark)
            await self._kill(worker, number)
        if not marks and self.wanted.has_rebalance:
            await self._rebalance(worker)

    async def _kill(self, worker: TrendsWorker, number: int) -> None:
        """kill -9 a moment later, perhaps while it still starts; then it is started again."""
        kind = number % 10
        with_folder = kind < _FOLDER_IN_TEN
        is_early = kind >= 10 - _AGAIN_IN_TEN
        await asyncio.sleep(self.chance.uniform(0, 1.5))
        if is_early:
            await worker.kill()
            await worker.start()
            await asyncio.sleep(self.chance.uniform(0.5, _EARLY_S))
        await worker.kill(with_folder=with_folder)
        self.report.kills += 1 + is_early
        self.report.folders += with_folder
        await worker.start()
        ready_s = await worker.ready()
        self.report.ready_s.append(ready_s)
        handled = await self.progress.handled()
        words = f"{' while it recovered' if is_early else ''}{', folder deleted' if with_folder else ''}"
        self.say(f"kill -9 #{self.report.kills}{words}: ready after {ready_s:.1f} s, {handled} records handled")

    async def _rebalance(self, first: TrendsWorker) -> TrendsWorker:
        """A second worker comes, both work, the first goes: who is left."""
        second = await self.workers.start()
        await asyncio.gather(first.ready(), second.ready())
        handled = await self.progress.handled()
        self.say(f"two workers are ready, {handled} records handled")
        share = int(self.wanted.records * _SHARE_OF_TWO)
        await self.progress.until_handled(min(handled + share, self.progress.written))
        code = await first.stop()
        await second.ready()
        self.say(f"the first is gone (exit {code}), {await self.progress.handled()} records handled")
        self.report.rebalances += 2
        return second
