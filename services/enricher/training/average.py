"""Averages the weights of two runs, the later of which began from the earlier one's:
`python -m services.enricher.training.average START EARLIER LATER SHARE OUT`.

The mean of two such runs is often better than either (Wortsman et al. 2022, arXiv 2203.05482), and costs nothing to serve.
"""

import argparse
from pathlib import Path

import numpy as np

from services.enricher.training.checkpoint import read_base


def average(start: Path, earlier: Path, later: Path, share: float, out: Path) -> None:
    """Writes the mean, of which the later run's weights are that share (0-1), in half precision.

    A layer that only one of them trained is in the other as the base model (start.safetensors) has it.

    Raises:
        ValueError: the two files don't hold weights of the same network.
    """
    from safetensors.numpy import load_file, save_file

    base, first, second = read_base(start), load_file(earlier), load_file(later)
    mean = {}
    for name in sorted(first.keys() | second.keys()):
        one, other = first.get(name, base.get(name)), second.get(name, base.get(name))
        if one is None or other is None or one.shape != other.shape:
            raise ValueError(f"{earlier} and {later} hold weights of different networks: {name}")
        mean[name] = ((1 - share) * one.astype(np.float32) + share * other.astype(np.float32)).astype(np.float16)
    save_file(mean, out)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path, help="start.safetensors, the base model")
    parser.add_argument("earlier", type=Path, help="trained.safetensors of the run that the other began from")
    parser.add_argument("later", type=Path, help="trained.safetensors of the other run")
    parser.add_argument("share", type=float, help="of the later run, 0-1")
    parser.add_argument("out", type=Path, help="file to write")
    options = parser.parse_args()
    average(options.start, options.earlier, options.later, options.share, options.out)


if __name__ == "__main__":
    main()
