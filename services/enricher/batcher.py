"""Articles of all partitions go through the stages together: bounded batches, one at a time, off the event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from services.enricher.stage import Draft
from services.runtime.errors import InvalidRecord

Result = Draft | InvalidRecord
Run = Callable[[Sequence[Draft]], Sequence[Result]]


@dataclass(frozen=True, slots=True)
class _Job:
    draft: Draft
    weight: int
    answer: "asyncio.Future[Result]"


class Batcher:
    """Collects what the lanes hand in and runs it; a result depends on its article alone, so the company doesn't matter."""

    def __init__(self, run: Run, executor: Executor, max_articles: int, max_code_points: int) -> None:
        self._run, self._executor = run, executor
        self._max_articles, self._max_code_points = max_articles, max_code_points
        # Bounded: lanes wait here when the stages are behind, their inboxes fill, and fetching stops.
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(maxsize=max_articles * 2)
        self._held: _Job | None = None

    async def __call__(self, drafts: Sequence[Draft]) -> list[Result]:
        """The finished drafts, in order; raises what the stages raise for all of them (TransientError)."""
        answers = []
        for draft in drafts:
            answers.append(asyncio.get_running_loop().create_future())
            weight = len(draft.article.text or draft.article.html or "")
            await self._jobs.put(_Job(draft, weight, answers[-1]))
        try:
            return [await answer for answer in answers]
        finally:
            for answer in answers:
                answer.cancel()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Batcher"]:
        """Works until the block ends."""
        task = asyncio.create_task(self._work(), name="batcher")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            jobs = [job for job in await self._next() if not job.answer.done()]
            if not jobs:
                continue
            try:
                results = await loop.run_in_executor(self._executor, self._run, [job.draft for job in jobs])
            except Exception as error:  # handed to those who wait; the lanes decide
                for job in jobs:
                    if not job.answer.done():
                        job.answer.set_exception(error)
                continue
            for job, result in zip(jobs, results, strict=True):
                if not job.answer.done():
                    job.answer.set_result(result)

    async def _next(self) -> list[_Job]:
        """Whatever waits now, up to the bounds; at least one."""
        jobs = [self._held or await self._jobs.get()]
        self._held, weight = None, jobs[0].weight
        while len(jobs) < self._max_articles and not self._jobs.empty():
            job = self._jobs.get_nowait()
            weight += job.weight
            if weight > self._max_code_points:
                self._held = job
                break
            jobs.append(job)
        return jobs
