"""The mean of two runs' weights."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from services.enricher.training.average import average
from services.enricher.training.checkpoint import read_base
from tests.support.base_model import write_base_model


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("start") / "start.safetensors"
    write_base_model(path, 8)
    return path


def test_the_later_run_counts_with_its_share(tmp_path: Path, start: Path) -> None:
    save_file({"a": np.array([1.0, 0.0], np.float16), "b": np.array([[4.0]], np.float16)}, tmp_path / "earlier")
    save_file({"a": np.array([0.0, 2.0], np.float16), "b": np.array([[8.0]], np.float16)}, tmp_path / "later")
    average(start, tmp_path / "earlier", tmp_path / "later", 0.75, tmp_path / "out")
    found = load_file(tmp_path / "out")
    assert {name: value.tolist() for name, value in found.items()} == {"a": [0.25, 1.5], "b": [[7.0]]}
    assert {value.dtype for value in found.values()} == {np.dtype(np.float16)}


def test_a_layer_that_one_run_left_as_it_was_is_the_base_models(tmp_path: Path, start: Path) -> None:
    name = "encoder.layers.0.norm.bias"
    save_file({"a": np.zeros(2, np.float16)}, tmp_path / "earlier")
    save_file({"a": np.zeros(2, np.float16), name: np.zeros(384, np.float16)}, tmp_path / "later")
    average(start, tmp_path / "earlier", tmp_path / "later", 0.25, tmp_path / "out")
    np.testing.assert_allclose(load_file(tmp_path / "out")[name], 0.75 * read_base(start)[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("other", [{"a": np.zeros(3, np.float16)}, {"b": np.zeros(2, np.float16)}])
def test_weights_of_other_networks_are_refused(tmp_path: Path, start: Path, other: dict[str, npt.NDArray[np.float16]]) -> None:
    save_file({"a": np.zeros(2, np.float16)}, tmp_path / "earlier")
    save_file(other, tmp_path / "later")
    with pytest.raises(ValueError, match="different networks: a"):
        average(start, tmp_path / "earlier", tmp_path / "later", 0.5, tmp_path / "out")
