"""The base model is unpacked, renamed and cut to the pieces that are needed."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from services.enricher.training.checkpoint import LAYERS, read_checkpoint
from services.enricher.training.start import CODES, HIDDEN, SCALES, WORDS, encoder_weights, prune, read_packed, unpack, unpacked
from tests.support.base_model import write_base_model


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("start") / "start.safetensors"
    write_base_model(path, pieces=20)
    return path


def test_four_bit_codes_are_unpacked_low_nibble_first() -> None:
    codes = np.full((1, 16), 0x1F, np.uint8)
    scales = np.array([[0.5]], np.float16)
    assert unpack(codes, scales)[0, :4].tolist() == pytest.approx([3.5, -3.5, 3.5, -3.5])


def test_every_block_has_its_own_scale() -> None:
    row = unpack(np.full((1, 32), 0x99, np.uint8), np.array([[0.5, 2.0]], np.float16))[0]
    assert row.tolist() == [0.5] * 32 + [2.0] * 32


def test_layers_are_renamed_and_their_queries_keys_and_values_are_one(start: Path) -> None:
    weights = unpacked(read_packed(start))
    ours = encoder_weights(weights, [2, 7])
    assert set(ours) >= {"positions", "norm.weight", "layers.0.attention.weight", "layers.1.output.bias"}
    assert not any(name.startswith("layers.2") for name in ours)
    assert ours["layers.1.attention.weight"].shape == (3 * HIDDEN, HIDDEN)
    keys = weights["encoder.layer.7.attention.self.key.weight"]
    assert np.array_equal(ours["layers.1.attention.weight"][HIDDEN : 2 * HIDDEN], keys)
    kinds = weights["embeddings.token_type_embeddings.weight"]
    assert np.array_equal(ours["positions"], weights["embeddings.position_embeddings.weight"] + kinds[0])


def test_a_cut_model_has_these_pieces_in_this_order(start: Path, tmp_path: Path) -> None:
    prune(start, np.array([0, 5, 19], np.uint32), tmp_path / "few.safetensors")
    whole, few = unpacked(read_packed(start)), unpacked(read_packed(tmp_path / "few.safetensors"))
    assert np.array_equal(few.pop(WORDS), whole.pop(WORDS)[[0, 5, 19]])
    assert all(np.array_equal(few[name], whole[name]) for name in whole)


def test_words_may_stay_packed(start: Path) -> None:
    assert WORDS not in unpacked(read_packed(start), without_words=True)


def test_what_training_changed_replaces_the_base_models(start: Path, tmp_path: Path) -> None:
    changed = np.full((HIDDEN,), 0.25, np.float16)
    save_file({"encoder.layers.4.output.bias": changed, "topics.2.bias": changed[:17]}, tmp_path / "trained.safetensors")
    checkpoint = read_checkpoint(start, tmp_path / "trained.safetensors")
    base = encoder_weights(unpacked(stored := read_packed(start)), range(LAYERS))
    assert checkpoint.weights["layers.4.output.bias"].tolist() == [0.25] * HIDDEN
    assert set(checkpoint.weights) == set(base)
    assert np.array_equal(checkpoint.weights["layers.3.output.bias"], base["layers.3.output.bias"])
    assert [(name, value.shape) for name, value in checkpoint.heads.items()] == [("topics.2.bias", (17,))]
    assert np.array_equal(checkpoint.word_codes, stored[WORDS + CODES])
    assert np.array_equal(checkpoint.word_scales, stored[WORDS + SCALES])
