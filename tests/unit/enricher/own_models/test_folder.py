"""What a folder says about its model: digest, name, labels, how much is read at a time."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from services.enricher.own_models.folder import ModelFolder, read_folder
from services.enricher.stage import Model
from tests.support.tiny_model import tiny_model


def read(folder: Path, notes: str = "", **config: Any) -> ModelFolder:
    return read_folder(tiny_model(folder, ("O", "B-PER"), {"Zoë": [0.0, 6.0]}, is_by_token=True, notes=notes, **config))


def digest(*paths: Path) -> str:
    return "sha256:" + hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def test_a_model_is_called_as_its_folder_and_versioned_by_its_digest(tmp_path: Path) -> None:
    found = read(tmp_path / "xlmr-نер")
    expected = digest(tmp_path / "xlmr-نер/model.onnx")
    assert found.model == Model("xlmr-نер", expected[7:19], expected)


def test_newsloom_toml_names_it(tmp_path: Path) -> None:
    found = read(tmp_path / "ner", 'name = "desk-ner"\nversion = "2"\nlanguages = ["zh-Hant", "arz", "nb"]\n[labels]\nX = "PER"')
    assert (found.model.name, found.model.version) == ("desk-ner", "2")
    assert found.languages == frozenset(("zh", "ar", "no"))
    assert found.mapping == {"X": "PER"}


@pytest.mark.parametrize("name", ["model.onnx_data", "model.onnx.data"])
def test_weights_in_a_file_of_their_own_are_part_of_the_digest(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "ner"
    alone = read(folder).model.digest
    (folder / name).write_bytes(b"weights")
    together = read_folder(folder).model.digest
    assert together == digest(folder / "model.onnx", folder / name) != alone


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"max_position_embeddings": 8192}, 512),
        ({"max_position_embeddings": 128}, 128),
        ({"max_position_embeddings": None}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 3}, 510),
        ({"model_type": "roberta", "max_position_embeddings": 130}, 128),
    ],
)
def test_no_more_is_read_at_a_time_than_the_model_has_positions_for(config: dict[str, Any], tokens: int, tmp_path: Path) -> None:
    assert read(tmp_path / "ner", **config).max_tokens == tokens
