"""The served encoder beside a 12-layer one in float32, and whole articles a second: `python -m benchmarks.encoder`.

Both read the same windows one at a time, on as many threads as the service uses. The float32 one has random weights in the
shape of multilingual-e5-small with the same heads; what the numbers are doesn't change how long they take.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.articles import LANGUAGES, long_articles
from benchmarks.machine import print_machine
from schemas.raw_article import RawArticle
from services.enricher.assets import Assets, open_assets
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft
from services.enricher.stages import STAGES, encode
from services.enricher.training.checkpoint import LAYERS, Checkpoint
from services.enricher.training.encoder_graph import encoder_graph
from services.enricher.training.start import BLOCK, HIDDEN
from services.enricher.windows import windows

Ids = npt.NDArray[np.int32]

_DEEP = 12


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoder", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each, alternating; the best counts (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="windows at the same time (%(default)s)")
    parser.add_argument("--short", action="store_true", help="one round, four languages")
    return parser


def random_checkpoint(vocabulary: int) -> Checkpoint:
    """Weights of the right shapes, with as many layers as the base model has."""
    random = np.random.default_rng(1)

    def matrix(outputs: int, inputs: int) -> npt.NDArray[np.float32]:
        return random.normal(0, 0.05, (outputs, inputs)).astype(np.float32)

    weights = {"positions": matrix(512, HIDDEN), "norm.weight": np.ones(HIDDEN, np.float32)}
    weights["norm.bias"] = np.zeros(HIDDEN, np.float32)
    shapes = {"attention": (3 * HIDDEN, HIDDEN), "attention_output": (HIDDEN, HIDDEN), "inner": (4 * HIDDEN, HIDDEN)}
    shapes["output"] = (HIDDEN, 4 * HIDDEN)
    for layer in range(_DEEP):
        for name, shape in shapes.items():
            weights[f"layers.{layer}.{name}.weight"] = matrix(*shape)
            weights[f"layers.{layer}.{name}.bias"] = np.zeros(shape[0], np.float32)
        for name in ("attention_norm", "norm"):
            weights[f"layers.{layer}.{name}.weight"] = np.ones(HIDDEN, np.float32)
            weights[f"layers.{layer}.{name}.bias"] = np.zeros(HIDDEN, np.float32)
    heads = {}
    for name, outputs, inputs in (
        ("entities", 9, HIDDEN),
        ("prefixes", 4, HIDDEN),
        ("meaning", HIDDEN, 2 * HIDDEN),
        ("stances.0", 256, 3 * HIDDEN),
        ("stances.2", 3, 256),
        ("sentiment.0", 256, 2 * HIDDEN),
        ("sentiment.2", 6, 256),
        ("topics.0", 256, 2 * HIDDEN),
        ("topics.2", 17, 256),
    ):
        heads[f"{name}.weight"], heads[f"{name}.bias"] = matrix(outputs, inputs), np.zeros(outputs, np.float32)
    codes = random.integers(0, 256, (vocabulary, HIDDEN // 2), np.uint8)
    return Checkpoint(weights, heads, codes, np.full((vocabulary, HIDDEN // BLOCK), 0.01, np.float16))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints both rates and their ratio."""
    given = parser().parse_args(arguments)
    languages, rounds = (LANGUAGES[:4], 1) if given.short else (LANGUAGES, given.rounds)
    assets = open_assets(threads=given.threads)
    stage = encode.load(assets)
    assert isinstance(stage, encode.EncodeStage)
    articles = long_articles(languages)
    spans = [span for each in articles for span in windows("text", each["text"], stage.tokenize, stage.window_tokens)]
    ids = [np.concatenate([[stage.begin], span.ids, [stage.end]]).astype(np.int32) for span in spans]
    tokens = sum(map(len, ids))
    print_machine()
    print(f"texts      {len(articles)} in {', '.join(languages)}: {len(ids)} windows, {tokens} tokens")
    served = f"served, {LAYERS} layers in 8 bits"
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.threads) as pool:
        path = Path(folder) / "deep.onnx"
        vocabulary = max(int(each.max()) for each in ids) + 1
        path.write_bytes(encoder_graph(random_checkpoint(vocabulary), _DEEP, in_8_bits=False).SerializeToString())
        deep = encode.open_encoder(path)
        runs = {served: stage.encode, f"{_DEEP} layers in float32": deep}
        best = _best({name: lambda run=run: list(pool.map(run, ids)) for name, run in runs.items()}, rounds)  # type: ignore[misc]
    for name, spent in best.items():
        print(f"rate       {name:26} {tokens / spent:7,.0f} tokens/s")
    print(f"ratio      {best[f'{_DEEP} layers in float32'] / best[served]:.2f}")
    _whole(assets, articles, rounds)
    return 0


def _best(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


def _whole(assets: Assets, articles: Sequence[dict[str, Any]], rounds: int) -> None:
    """All stages over whole articles."""
    pipeline = Pipeline([load(assets) for load in STAGES])
    drafts = [Draft(article=RawArticle.model_validate(article)) for article in articles]
    spent = _best({"all": lambda: list(pipeline(drafts))}, rounds)["all"]
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"articles   {len(drafts) / spent:.1f} a second with every stage; {rss:.0f} MiB of memory at most (both models)")


if __name__ == "__main__":
    sys.exit(main())
