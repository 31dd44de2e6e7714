"""Averages the weights of two runs, the later of which began from the earlier one's:
`python -m services.enricher.training.average EARLIER LATER SHARE OUT`.

The mean of two such runs is often better than either (Wortsman et al. 2022, arXiv 2203.05482), and costs nothing to serve.
"""

import argparse
from pathlib import Path

import numpy as np


def average(earlier: Path, later: Path, share: float, out: Path) -> None:
    """Writes the mean, of which the later run's weights are that share (0-1), in half precision.

    Raises:
        ValueError: the two files don't hold the same weights.
    """
    from safetensors.numpy import load_file, save_file

    first, second = load_file(earlier), load_file(later)
    if {name: value.shape for name, value in first.items()} != {name: value.shape for name, value in second.items()}:
        raise ValueError(f"{earlier} and {later} hold weights of different networks")
    mean = {name: (1 - share) * first[name].astype(np.float32) + share * second[name].astype(np.float32) for name in first}
    save_file({name: value.astype(np.float16) for name, value in mean.items()}, out)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("earlier", type=Path, help="trained.safetensors of the run that the other began from")
    parser.add_argument("later", type=Path, help="trained.safetensors of the other run")
    parser.add_argument("share", type=float, help="of the later run, 0-1")
    parser.add_argument("out", type=Path, help="file to write")
    options = parser.parse_args()
    average(options.earlier, options.later, options.share, options.out)


if __name__ == "__main__":
    main()
