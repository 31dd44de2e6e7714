"""Trains the language identifier: `python -m services.enricher.training.language CORPORA --out FILE`.

One process, one thread and one seed: the same machine and wheel give the same file, in six minutes or so and 500 MB. Then
language_fit fits the thresholds of the stage and measure_language measures.

Needs fastText's trainer (the wheel fasttext-numpy2-wheel). It and the small wheel that serves (fasttext-predict) are both the
module `fasttext`, so an environment has one or the other: make one of its own with the enricher's requirements, and the trainer
in the place of fasttext-predict.

Data: SIB-200 and NTREX-128 (CC-BY-SA-4.0), Toba Batak of NusaX (CC-BY-SA-4.0) for "other", and text made by these programs.
What was tried is in docs/model.md. The shape of the model follows from 6 MB and from 5,000 texts a second:
- Character n-grams only, no words: as good, and a word costs as much room as two n-grams.
- As many buckets as fit, none pruned: a larger table pruned to this size is as good, but slower by a quarter.
- A softmax: one sigmoid a label rejects unknown languages better by itself (82 % at the cost that the best three shares of a
  softmax take for 73 %), but knows the known ones less well (macro-F1 0.982 against 0.984) and learns slowly.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.enricher.training.language_lines import Line, lines

MAX_BYTES = 6_000_000

# 17 bytes a bucket in the file: 16 codes for 32 dimensions, and the norm.
TRAINING: dict[str, Any] = {
    "loss": "softmax",
    "dim": 32,
    "minn": 1,
    "maxn": 5,
    "bucket": 345_000,
    "epoch": 8,
    "lr": 0.8,
    "thread": 1,
}


def train(made: Sequence[Line], out: Path, seed: int) -> None:
    """Trains on the lines and writes the quantised model; raises ValueError when it is larger than 6 MB."""
    import fasttext

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"__label__{label} {text}\n" for label, text in made)
        file.flush()
        # No word is in half of the lines but the end of a line: n-grams only.
        model = fasttext.train_supervised(file.name, seed=seed, minCount=len(made) // 2, verbose=0, **TRAINING)
    model.quantize(qnorm=True)
    model.save_model(str(out))
    if out.stat().st_size > MAX_BYTES:
        raise ValueError(f"{out} has {out.stat().st_size} bytes, more than {MAX_BYTES}")


def main() -> None:
    """Makes the lines, trains, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with topic/, articles/ and sentiment/")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, language.ftz")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    made = lines(given.corpora, given.seed)
    print(f"{len(made)} lines, {len({label for label, _ in made})} labels")
    train(made, given.out, given.seed)
    print(f"{given.out}: {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
