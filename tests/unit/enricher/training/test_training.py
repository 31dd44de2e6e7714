"""Training is the same from the same seed, also in slices, and what is exported answers as the trained network does."""

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from services.enricher.tokenizer import open_tokenizer  # noqa: E402
from services.enricher.training.checkpoint import read_checkpoint  # noqa: E402
from services.enricher.training.encoder_graph import encoder_graph  # noqa: E402
from services.enricher.training.examples import examples  # noqa: E402
from services.enricher.training.pack import gather, write_pack  # noqa: E402
from services.enricher.training.saved import load_parts, save_parts  # noqa: E402
from services.enricher.training.start import WORDS, read_packed, unpacked  # noqa: E402
from services.enricher.training.train import Plan, Trainer, run  # noqa: E402
from tests.support.base_model import write_base_model  # noqa: E402
from tests.support.corpora import write_rows, write_stories, write_written  # noqa: E402
from tests.support.tokenizing import write_tokenizer  # noqa: E402

IS_LONG = bool(os.environ.get("NEWSLOOM_LONG_TESTS"))
STEPS = 200 if IS_LONG else 4
PLAN = Plan(steps=STEPS, seed=3, batch_tokens=256 if IS_LONG else 96, warm_up=2, half=False)

Parts = Mapping[str, tuple[float, int]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """start.safetensors and tokenizer.json, and in pack/ a pack of small corpora."""
    folder = tmp_path_factory.mktemp("training")
    write_stories(folder)
    write_written(folder / "written")
    rows = [{"lang": "de", "tokens": ["in", "Köln", str(number)], "tags": ["O", "B-LOC", "O"]} for number in range(40)]
    write_rows(folder / "ner/de.wiki.train.jsonl.gz", *rows)
    write_rows(folder / "sentiment/en.tweets.train.jsonl.gz", {"lang": "en", "text": "so nice", "label": "positive"})
    row = {"flores": "eng_Latn", "lang": "en", "text": "a cup", "label": "sports"}
    write_rows(folder / "topic/multi.sib200.train.jsonl.gz", *[row] * 40)
    texts = list(gather(folder, folder / "written", random.Random(1)))
    pieces = write_tokenizer(folder / "tokenizer.json", [text.text for _, text in texts])
    write_base_model(folder / "start.safetensors", pieces)
    groups = {id(text): group for group, text in texts}
    found = examples((text for _, text in texts), open_tokenizer(folder / "tokenizer.json"))
    meaning = {text.meaning: text.text for _, text in texts if text.meaning and text.language == "en"}
    write_pack(((groups[id(example.of)], example) for example in found), folder, folder / "pack", meaning)
    return folder


def trained(trainer: Trainer, steps: int) -> list[Parts]:
    """The losses of so many steps."""
    batches = trainer.sampler.batches()
    return [trainer.train(next(batches)) for _ in range(steps)]


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[Trainer, list[Parts]]:
    """A run of all steps, and its losses."""
    trainer = Trainer(folder / "pack", PLAN, "cpu")
    return trainer, trained(trainer, STEPS)


def test_the_same_seed_gives_the_same_losses(folder: Path, whole: tuple[Trainer, list[Parts]]) -> None:
    again = Trainer(folder / "pack", PLAN, "cpu")
    assert trained(again, STEPS) == whole[1]
    assert all(torch.equal(value, whole[0].masters[name]) for name, value in again.masters.items())
    print(f"{STEPS} steps twice, loss of entities in the last {whole[1][-1]['entities']}")


def test_another_seed_gives_others(folder: Path, whole: tuple[Trainer, list[Parts]]) -> None:
    assert trained(Trainer(folder / "pack", replace(PLAN, seed=4), "cpu"), 1) != whole[1][:1]


def test_a_run_in_slices_gives_the_losses_of_one_that_isnt(
    folder: Path, whole: tuple[Trainer, list[Parts]], tmp_path: Path
) -> None:
    first = Trainer(folder / "pack", PLAN, "cpu")
    first.resume(tmp_path)  # nothing is there yet
    begun = trained(first, STEPS // 2)
    first.save(tmp_path)
    second = Trainer(folder / "pack", PLAN, "cpu")
    second.resume(tmp_path)
    assert second.step == STEPS // 2
    assert [*begun, *trained(second, STEPS - STEPS // 2)] == whole[1]
    assert all(torch.equal(value, whole[0].masters[name]) for name, value in second.masters.items())


def test_frozen_layers_stay_as_they_were_and_the_others_learn(folder: Path, whole: tuple[Trainer, list[Parts]]) -> None:
    fresh = Trainer(folder / "pack", PLAN, "cpu").network.state_dict()
    changed = {name for name, value in whole[0].network.state_dict().items() if not torch.equal(value, fresh[name])}
    assert {int(name.split(".")[2]) for name in changed if name.startswith("encoder.layers.")} == {3, 4, 5, 6, 7, 8}
    assert not {name for name in changed if name.startswith(("encoder.positions", "encoder.norm"))}
    assert {name.split(".")[0] for name in changed} == {
        *("encoder", "entities", "prefixes", "stances", "sentiment", "topics", "meaning"),
    }


def test_the_log_has_mean_losses_and_a_run_stops_at_its_last_step(folder: Path, tmp_path: Path) -> None:
    plan = replace(PLAN, steps=2, batch_tokens=64)
    trainer = Trainer(folder / "pack", plan, "cpu")
    assert list(run(trainer, tmp_path, minutes=1e9)) == []  # a line every 50 steps
    assert trainer.step == 2
    assert list(run(trainer, tmp_path, minutes=1e9)) == []
    assert trainer.step == 2


def test_rates_rise_in_a_line_and_fall_to_a_fiftieth() -> None:
    plan = Plan(steps=1000, warm_up=100)
    assert [plan.rate_at(step) for step in (0, 49, 500, 999, 2000)] == pytest.approx([0.01, 0.5, 0.5, 0.02, 0.02])


def outputs_of(graph: bytes, ids: Sequence[int]) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"ids": np.array([ids], np.int32)}), strict=True))


@pytest.mark.parametrize(("in_8_bits", "alike"), [(False, 0.9999), (True, 0.998)])
def test_the_exported_graph_answers_as_the_network(
    folder: Path,
    whole: tuple[Trainer, list[Parts]],
    tmp_path: Path,
    in_8_bits: bool,
    alike: float,
) -> None:
    """In float32 but for weights in half precision; in 8 bits roughly, and of a network that isn't bent by a few wild steps."""
    trainer = Trainer(folder / "pack", PLAN, "cpu") if in_8_bits else whole[0]
    trainer.write(tmp_path / "trained.safetensors")
    graph = encoder_graph(read_checkpoint(folder / "start.safetensors", tmp_path / "trained.safetensors"), in_8_bits=in_8_bits)
    ids = [0, *range(4, 24), 2]
    found = outputs_of(graph.SerializeToString(), ids)
    words = torch.from_numpy(unpacked(read_packed(folder / "start.safetensors"))[WORDS])[ids][None]
    with torch.no_grad():
        answers = trainer.network.eval()(words, torch.ones(1, len(ids), dtype=torch.bool))
    expected = {name: getattr(answers, name).numpy() for name in ("entities", "prefixes", "stances", "topics")}
    expected |= {"sentiment": answers.sentiment[:, 0].numpy(), "embedding": answers.meaning.numpy()}
    found["embedding"] /= np.linalg.norm(found["embedding"])
    for name, value in expected.items():
        assert found[name].shape == value.shape
        cosine = float((found[name] * value).sum() / np.linalg.norm(found[name]) / np.linalg.norm(value))
        print(f"{name} in {8 if in_8_bits else 32} bits: cosine {cosine:.6f}")
        assert cosine > alike


def test_a_padded_window_gets_the_answers_that_it_gets_alone(whole: tuple[Trainer, list[Parts]]) -> None:
    trainer = whole[0]
    alone = torch.tensor([[0, 5, 6, 2]])
    padded = torch.tensor([[0, 5, 6, 2, 1, 1], [0, 7, 8, 9, 10, 2]])
    with torch.no_grad():
        one, two = (trainer.network.eval()(trainer.words[ids], ids != 1) for ids in (alone, padded))
    assert torch.allclose(one.entities[0], two.entities[0, :4], atol=1e-4)
    for name in ("sentiment", "topics", "meaning"):
        assert torch.allclose(getattr(one, name)[0], getattr(two, name)[0], atol=1e-4)


def test_a_checkpoint_in_parts_comes_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.enricher.training.saved.PART_BYTES", 1000)
    assert load_parts(tmp_path) is None
    for size in (4_000, 500):  # the second is of fewer parts
        save_parts(tmp_path, {"step": size, "weights": torch.arange(size)})
        parts = list(tmp_path.iterdir())
        assert all(path.name.startswith("checkpoint.") and path.stat().st_size <= 1000 for path in parts)
        state = load_parts(tmp_path)
        assert state["step"] == size
        assert torch.equal(state["weights"], torch.arange(size))
