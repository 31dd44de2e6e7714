"""The mean of two runs' weights."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from services.enricher.training.average import average


def test_the_later_run_counts_with_its_share(tmp_path: Path) -> None:
    save_file({"a": np.array([1.0, 0.0], np.float16), "b": np.array([[4.0]], np.float16)}, tmp_path / "earlier")
    save_file({"a": np.array([0.0, 2.0], np.float16), "b": np.array([[8.0]], np.float16)}, tmp_path / "later")
    average(tmp_path / "earlier", tmp_path / "later", 0.75, tmp_path / "out")
    found = load_file(tmp_path / "out")
    assert {name: value.tolist() for name, value in found.items()} == {"a": [0.25, 1.5], "b": [[7.0]]}
    assert {value.dtype for value in found.values()} == {np.dtype(np.float16)}


def test_weights_of_other_networks_are_refused(tmp_path: Path) -> None:
    save_file({"a": np.zeros(2, np.float16)}, tmp_path / "earlier")
    save_file({"a": np.zeros(3, np.float16)}, tmp_path / "later")
    with pytest.raises(ValueError, match="different networks"):
        average(tmp_path / "earlier", tmp_path / "later", 0.5, tmp_path / "out")
