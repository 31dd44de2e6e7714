"""Watches a process from inside: each event-loop callback's processor time, the loop's lag, the encoder's and stages' share."""

import asyncio
import contextlib
import dataclasses
import gc
import heapq
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from services.enricher.pipeline import Pipeline

_KEPT = 12


class CallbackTimes:
    """Processor time of every callback that an event loop runs; waiting for the GIL doesn't count, holding it does."""

    def __init__(self) -> None:
        self.count = 0
        self.total_s = 0.0
        self.slowest: list[tuple[float, int, Callable[[], str]]] = []
        self.over_10_ms = 0

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Times what asyncio's loops run until the block ends."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            name = _name(handle)
            begin = time.thread_time()
            run(handle)
            self._note(time.thread_time() - begin, name)

        asyncio.Handle._run = timed  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]

    def summary(self) -> dict[str, Any]:
        """Counts, and the slowest in milliseconds with their names."""
        slowest = sorted(self.slowest, reverse=True)
        return {
            "count": self.count,
            "total_s": round(self.total_s, 3),
            "over_10_ms": self.over_10_ms,
            "slowest": [[round(spent * 1000, 2), name()] for spent, _, name in slowest],
        }

    def _note(self, spent: float, name: Callable[[], str]) -> None:
        self.count += 1
        self.total_s += spent
        self.over_10_ms += spent > 0.01
        entry = (spent, self.count, name)
        if len(self.slowest) < _KEPT:
            heapq.heappush(self.slowest, entry)
        elif spent > self.slowest[0][0]:
            heapq.heapreplace(self.slowest, entry)


def _name(handle: asyncio.Handle) -> Callable[[], str]:
    """Says later what the callback was: a task with where it waited before, or a function."""
    callback: Any = handle._callback  # type: ignore[attr-defined]
    owner = getattr(callback, "__self__", None)
    if not isinstance(owner, asyncio.Task):
        return lambda: str(getattr(callback, "__qualname__", callback))
    waited = _innermost(owner.get_coro())
    return lambda: f"{owner.get_name()}: {getattr(owner.get_coro(), '__qualname__', '?')}, from {waited}"


def _innermost(coroutine: Any) -> str:
    while (inner := getattr(coroutine, "cr_await", None)) is not None and hasattr(inner, "cr_code"):
        coroutine = inner
    frame = getattr(coroutine, "cr_frame", None)
    return f"{getattr(coroutine, '__qualname__', '?')}:{frame.f_lineno if frame else '?'}"


class GarbagePauses:
    """How long each collection of cyclic garbage held the GIL, whichever thread it fell on."""

    def __init__(self) -> None:
        self._pauses_s: dict[int, list[float]] = {0: [], 1: [], 2: []}
        self._begin = 0.0

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Times collections until the block ends."""
        gc.callbacks.append(self._note)
        try:
            yield
        finally:
            gc.callbacks.remove(self._note)

    def forget(self) -> None:
        """Begins anew."""
        for pauses in self._pauses_s.values():
            pauses.clear()

    def summary(self) -> list[dict[str, float]]:
        """By generation: how many, and the longest in milliseconds."""
        return [{"count": len(pauses), "max_ms": round(max(pauses, default=0) * 1000, 2)} for pauses in self._pauses_s.values()]

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._begin = time.perf_counter()
        else:
            self._pauses_s[info["generation"]].append(time.perf_counter() - self._begin)


class Work:
    """Processor time of the stages and of the encoder in them, and how many subtokens it read."""

    def __init__(self) -> None:
        self.stage_s: defaultdict[str, float] = defaultdict(float)
        self.encoder_s = 0.0
        self.subtokens = 0
        self.windows = 0
        self._lock = threading.Lock()

    def watched(self, pipeline: Pipeline) -> Pipeline:
        """The same pipeline, measured."""
        stages = [self._watched_stage(stage) for stage in pipeline.stages]
        return dataclasses.replace(pipeline, stages=stages, timer=self._timer)

    def _watched_stage(self, stage: Any) -> Any:
        return dataclasses.replace(stage, encode=self._watched_encode(stage.encode)) if stage.name == "encode" else stage

    def _watched_encode(self, encode: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def timed(ids: Any) -> Any:
            begin = time.thread_time()
            answer = encode(ids)
            spent = time.thread_time() - begin
            with self._lock:
                self.encoder_s += spent
                self.subtokens += len(ids)
                self.windows += 1
            return answer

        return timed

    @contextlib.contextmanager
    def _timer(self, stage: str) -> Iterator[None]:
        begin = time.thread_time()
        yield
        self.stage_s[stage] += time.thread_time() - begin


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99, p99.9 and the maximum, in milliseconds."""
    values = np.asarray(seconds or [0.0]) * 1000
    marks = {"p50": 50, "p99": 99, "p99.9": 99.9, "max": 100}
    return {name: round(float(np.percentile(values, mark)), 2) for name, mark in marks.items()}
