"""Every mistake in a user's folder is one clear error when the stages are loaded, before any record is read."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from services.enricher.assets import Assets
from services.enricher.errors import AssetCorrupt, AssetMissing
from services.enricher.own_models import own_loads
from tests.support.encodings import draft
from tests.support.tiny_model import INPUTS, graph, sure, tiny_model

ASSETS = Assets(Path(), {})
TASKS = {
    "entities": ("O", "B-PER", "I-PER"),
    "sentiment": ("negative", "neutral", "positive"),
    "topics": ("11", "15", "17"),
}


def folder(path: Path, task: str, labels: tuple[str, ...] | None = None, **more: object) -> Path:
    labels = labels or TASKS[task]
    rows = {"Zoë": sure(labels, labels[-1])}
    return tiny_model(path / "own-møðel", labels, rows, is_by_token=task == "entities", **more)  # type: ignore[arg-type]


def refused(kind: type[Exception], task: str, path: Path) -> str:
    with pytest.raises(kind) as caught:
        own_loads({task: path})[task](ASSETS)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    print(f"{task}: {message}")
    return message


@pytest.mark.parametrize("task", TASKS)
def test_what_the_other_tests_spoil_is_fine_before(task: str, tmp_path: Path) -> None:
    stage = own_loads({task: folder(tmp_path, task)})[task](ASSETS)
    assert (stage.name, stage.model.name) == (task, "own-møðel")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx"])
def test_a_missing_file_is_named(task: str, name: str, tmp_path: Path) -> None:
    path = folder(tmp_path, task)
    (path / name).unlink()
    assert name in refused(AssetMissing, task, path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "No such file" in refused(AssetMissing, "topics", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.json", b"{", "config.json: Invalid JSON"),
        ("config.json", b"{}", "id2label: Field required"),
        ("config.json", b'{"id2label": {}}', "id2label: Dictionary should have at least 1 item"),
        ("config.json", b'{"id2label": {"1": "O", "2": "B-PER"}}', "from 0 to 1"),
        ("config.json", b'{"id2label": {"a": "O"}}', "id2label"),
        ("tokenizer.json", b"{}", "is no tokenizer"),
        ("tokenizer.json", b"\xff", "is no tokenizer"),
        ("tokenizer.json", b"[]", "is no tokenizer"),
        ("model.onnx", b"", "no model that onnxruntime can open"),
        ("model.onnx", b"version https://git-lfs.github.com/spec/v1\n", "no model that onnxruntime can open"),
        ("newsloom.toml", b"name = ", "is no TOML"),
        ("newsloom.toml", b"\xff", "is no TOML"),
        ("newsloom.toml", b'nmae = "x"', "nmae: Extra inputs are not permitted"),
        ("newsloom.toml", b"version = 2", "version: Input should be a valid string"),
        ("newsloom.toml", b'languages = ["xx", "de"]', "doesn't tell apart: xx"),
        ("newsloom.toml", b"languages = []", "languages"),
    ],
)
def test_an_unreadable_file_is_named(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = folder(tmp_path, "entities")
    (path / name).write_bytes(content)
    assert says in refused(AssetCorrupt, "entities", path)


@pytest.mark.parametrize(
    ("task", "labels", "notes", "says"),
    [
        ("entities", ("O", "B-ANIM", "I-ANIM", "B-PER"), "", "mean nothing here: B-ANIM, I-ANIM. Say in"),
        ("entities", ("O", "LABEL_1"), "", "mean nothing here: LABEL_1"),
        ("entities", ("O", "B-ANIM"), '[labels]\nANIM = "beast"', "B-ANIM (mapped to beast)"),
        ("entities", ("O", "B-PER"), '[labels]\nANIM = "MISC"', "labels that config.json doesn't have: ANIM; it has O, B-PER"),
        ("entities", ("B-PER", "I-PER"), "", "needs a label O"),
        ("entities", ("O", "DATE"), "", "needs a label O and one of a type"),
        ("sentiment", ("LABEL_0", "LABEL_1", "LABEL_2"), "", "mean nothing here: LABEL_0, LABEL_1, LABEL_2"),
        ("sentiment", ("1 star", "neutral"), '[labels]\n"1 star" = "awful"', "1 star (mapped to awful)"),
        ("sentiment", ("neutral", "positive"), "", "no label is negative"),
        ("topics", ("11", "18"), "", "mean nothing here: 18"),
        ("topics", ("politics", "gossip"), "", 'mean nothing here: gossip. Say in'),
        ("topics", ("x",), '[labels]\nx = "none"', "no label is a Media Topic"),
    ],
)  # fmt: skip
def test_labels_that_mean_nothing_are_listed(task: str, labels: tuple[str, ...], notes: str, says: str, tmp_path: Path) -> None:
    assert says in refused(AssetCorrupt, task, folder(tmp_path, task, labels, notes=notes))


def test_how_to_map_labels_is_said(tmp_path: Path) -> None:
    message = refused(AssetCorrupt, "entities", folder(tmp_path, "entities", ("O", "B-ANIM")))
    assert "newsloom.toml, under [labels]" in message and '"B-ANIM" = ' in message and "PER, ORG, LOC, MISC, or O" in message


@pytest.mark.parametrize(("task", "kind"), [("sentiment", "multi_label_classification"), ("topics", "regression")])
def test_another_kind_of_problem_is_refused(task: str, kind: str, tmp_path: Path) -> None:
    assert kind in refused(AssetCorrupt, task, folder(tmp_path, task, problem_type=kind))


@pytest.mark.parametrize("task", TASKS)
def test_more_labels_than_the_model_has_are_refused(task: str, tmp_path: Path) -> None:
    path = folder(tmp_path, task)
    config = json.loads((path / "config.json").read_bytes())
    config["id2label"]["3"] = {"entities": "B-ORG", "sentiment": "pos", "topics": "01"}[task]
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert "3] where [1" in refused(AssetCorrupt, task, path)


@pytest.mark.parametrize("task", TASKS)
def test_a_model_for_the_other_kind_of_task_is_refused(task: str, tmp_path: Path) -> None:
    path = folder(tmp_path, task)
    other = task != "entities"
    (path / "model.onnx").write_bytes(graph(np.zeros((9, 3), np.float32), is_by_token=other))
    wanted = "token classification" if task == "entities" else "sequence classification"
    assert f"no model for {wanted}" in refused(AssetCorrupt, task, path)


def spoiled(change: Callable[[onnx.ModelProto], None]) -> bytes:
    model = onnx.load_from_string(graph(np.zeros((9, 3), np.float32), is_by_token=True))
    change(model)
    return bytes(model.SerializeToString())


def with_positions(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("position_ids", TensorProto.INT64, ["batch", "tokens"]))


def with_a_fixed_length(model: onnx.ModelProto) -> None:
    for given in model.graph.input:
        given.type.tensor_type.shape.dim[1].dim_value = 16


def without_logits(model: onnx.ModelProto) -> None:
    model.graph.node[-1].output[0] = model.graph.output[0].name = "hidden"
    model.graph.output.append(helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["batch", "tokens", 3]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (with_positions, "token_type_ids tensor(int64), position_ids tensor(int64); it must ask for input_ids"),
        (with_a_fixed_length, "tokens at a time"),
        (without_logits, "has no output logits, but hidden, rows"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_graph_that_wants_or_says_something_else_is_refused(
    change: Callable[[onnx.ModelProto], None], says: str, tmp_path: Path
) -> None:
    path = folder(tmp_path, "entities")
    (path / "model.onnx").write_bytes(spoiled(change))
    assert says in refused(AssetCorrupt, "entities", path)


def test_a_vocabulary_that_the_model_does_not_have_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path, "entities")
    (path / "model.onnx").write_bytes(graph(np.zeros((1, 3), np.float32), is_by_token=True, inputs=INPUTS))
    assert "can't read" in refused(AssetCorrupt, "entities", path)


def test_too_few_positions_for_any_text_are_refused(tmp_path: Path) -> None:
    assert "too few for a text" in refused(AssetCorrupt, "entities", folder(tmp_path, "entities", max_position_embeddings=2))


def test_what_is_no_number_fails_the_article_not_the_process(tmp_path: Path) -> None:
    labels = TASKS["sentiment"]
    rows = {"Zoë": [float("nan")] * 3}
    path = tiny_model(tmp_path / "mood", labels, rows, is_by_token=False, default=[0.0] * 3)
    stage = own_loads({"sentiment": path})["sentiment"](ASSETS)
    with pytest.raises(ValueError, match="no number"):
        stage([draft("Zoë")])
