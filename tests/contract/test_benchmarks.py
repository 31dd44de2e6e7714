"""Every benchmark can be imported and says what it takes; what they measure is no test's business."""

import argparse
import importlib
from collections.abc import Callable
from itertools import islice

import orjson
import pytest

from benchmarks.articles import repeated_seeds, seeds, small_articles
from schemas.codec import decode_raw

BENCHMARKS = (
    "pass_through.__main__",
    "transactions",
    "latency",
    "partitions",
    "blocked_readers",
    "slow_stages",
    "event_loop",
    "memory",
    "throughput",
    "gateway",
    "windows",
    "near_duplicates",
    "trends",
)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_a_short_form_and_documents_each_argument(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    new_parser: Callable[[], argparse.ArgumentParser] = module.parser
    parser = new_parser()
    assert parser.prog == f"python -m benchmarks.{name.removesuffix('.__main__')}"
    assert parser.parse_args(["--short"]).short and not parser.parse_args([]).short
    assert all(action.help for action in parser._actions)
    assert parser.format_help()


@pytest.mark.parametrize(
    "name", ["pass_through.worker", "pass_through.faust_agent", "observed_enricher", "observed_worker", "bare_handler"]
)
def test_what_runs_as_a_child_can_be_imported(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").main)


@pytest.mark.parametrize("size_bytes", [700, 2_000, 10_000])
def test_small_articles_have_exactly_that_size_and_are_valid(size_bytes: int) -> None:
    values = list(small_articles(50, size_bytes))
    assert {len(value) for _, value in values} == {size_bytes}
    assert len({key for key, _ in values}) == 50
    assert all(decode_raw(value).warnings == () for _, value in values)


def test_repeated_seeds_are_the_seeds_under_new_urls() -> None:
    count = len(seeds())
    values = list(repeated_seeds(count * 2))
    assert len({key for key, _ in values}) == count * 2
    assert [orjson.loads(value).get("text") for _, value in islice(values, count, None)] == [seed.get("text") for seed in seeds()]
