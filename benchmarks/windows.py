"""Ways of running the encoder over the seeds' windows, one beside the other: `python -m benchmarks.windows`."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from benchmarks.articles import repeated_seeds, seeds
from benchmarks.machine import print_machine
from schemas.codec import MAX_BODY_BYTES
from services.enricher.assets import Assets, open_assets
from services.enricher.decode import Arrived, decode
from services.enricher.stages import encode, text
from services.enricher.windows import windows
from services.runtime.records import Record

Ids = npt.NDArray[np.int32]
Answers = list[list[npt.NDArray[np.float32]]]
Run = Callable[[Ids], list[npt.NDArray[np.float32]]]

_PADDED_BATCHES = (8, 32)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.windows", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each way, alternating; the best counts (%(default)s)")
    parser.add_argument("--short", action="store_true", help="one round")
    return parser


def seed_windows(assets: Assets) -> list[Ids]:
    """Every window of title and text that the seeds have, as the encode stage makes them."""
    stage = encode.load(assets)
    assert isinstance(stage, encode.EncodeStage)
    records = [Record("news.raw", 0, i, key, value, (), 0) for i, (key, value) in enumerate(repeated_seeds(len(seeds())))]
    arrived = [each for each in (decode(record, MAX_BODY_BYTES) for record in records) if isinstance(each, Arrived)]
    drafts = text.load(assets)([each.draft for each in arrived])
    fields = [(name, body) for draft in drafts for name, body in (("title", draft.title or ""), ("text", draft.annotated_text))]
    spans = [span for name, body in fields for span in windows(name, body, stage.tokenize, stage.window_tokens)]
    return [np.concatenate([[stage.begin], span.ids, [stage.end]]).astype(np.int32) for span in spans]


def _open(assets: Assets, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(str(assets.file("encoder").path), options, providers=["CPUExecutionProvider"])
    return lambda ids: list(session.run(encode.OUTPUTS, {"ids": ids[None, :]}))


def _padding(lengths: Sequence[int], size: int) -> float:
    """How many tokens batches of that size would compute for each that means something, windows in the order they come."""
    batches: Iterator[Sequence[int]] = (lengths[i : i + size] for i in range(0, len(lengths), size))
    return sum(len(batch) * max(batch) for batch in batches) / sum(lengths)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every way gives the same bytes as a window alone on one thread."""
    given = parser().parse_args(arguments)
    assets = open_assets()
    ids = seed_windows(assets)
    lengths = [len(each) for each in ids]
    print_machine()
    sizes = f"{sum(lengths)} tokens, mean {np.mean(lengths):.0f}, longest {max(lengths)}"
    print(f"windows    {len(ids)} of {len(seeds())} seeds, {sizes}")
    for size in _PADDED_BATCHES:
        print(f"padding    padded batches of {size} would compute {_padding(lengths, size):.2f} tokens for each that counts")
    one, both = _open(assets, 1), _open(assets, 2)
    with ThreadPoolExecutor(2) as pool:
        ways: dict[str, Callable[[], Answers]] = {
            "one thread": lambda: [one(each) for each in ids],
            "two threads, each a window": lambda: list(pool.map(one, ids)),
            "two threads in each window": lambda: [both(each) for each in ids],
        }
        return 0 if _compare(ways, sum(lengths), 1 if given.short else given.rounds) else 1


def _compare(ways: dict[str, Callable[[], Answers]], tokens: int, rounds: int) -> bool:
    best = dict.fromkeys(ways, float("inf"))
    answers: dict[str, Answers] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            answers[name] = way()
            best[name] = min(best[name], time.perf_counter() - begin)
    first = next(iter(answers.values()))
    same = True
    for name, spent in best.items():
        equal = sum(all(map(np.array_equal, mine, alone)) for mine, alone in zip(answers[name], first, strict=True))
        same = same and equal == len(first)
        print(f"rate       {name:27} {tokens / spent:6,.0f} tokens/s, {equal} of {len(first)} windows with the same bytes")
    return same


if __name__ == "__main__":
    sys.exit(main())
