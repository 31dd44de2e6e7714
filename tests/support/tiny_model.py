"""Tiny classifiers as optimum would export them: a table from tokens to logits, with a tokenizer made for it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
SPECIAL = ("[UNK]", "[CLS]", "[SEP]")

Rows = Mapping[str, Sequence[float]]
"""Logits by token."""


def by_word(words: Sequence[str]) -> Tokenizer:
    """Words and marks are tokens; in Chinese and Japanese each character. Other words are unknown to it."""
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate((*SPECIAL, *words))}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split(Regex(r"[\p{Han}\p{Hiragana}\p{Katakana}]"), "isolated")]
    )
    return framed(tokenizer)


def framed(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with BERT's special tokens around a text."""
    special = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    return tokenizer


def table(tokenizer: Tokenizer, rows: Rows, default: Sequence[float]) -> Any:
    """[vocabulary, labels]: a row for each token; special tokens say nothing."""
    vocabulary = tokenizer.get_vocab()
    values = np.array([default] * len(vocabulary), np.float32)
    values[[vocabulary[token] for token in ("[CLS]", "[SEP]")]] = 0
    for token, row in rows.items():
        values[vocabulary[token]] = row
    return values


def graph(values: Any, is_by_token: bool, inputs: Sequence[str] = INPUTS, integers: int = TensorProto.INT64) -> bytes:
    """The table as a model: [1, tokens, labels], or their mean over the tokens, [1, labels].

    A token that is masked, or has another type than 0, gets no logits, so that wrong inputs show.
    """
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["rows"])]
    last = "rows"
    for name in inputs[1:]:
        nodes.append(helper.make_node("Cast", [name], [f"{name}.number"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Unsqueeze", [f"{name}.number", "last_axis"], [f"{name}.column"]))
        if name == "token_type_ids":
            nodes.append(helper.make_node("Sub", ["one", f"{name}.column"], [f"{name}.factor"]))
        factor = f"{name}.factor" if name == "token_type_ids" else f"{name}.column"
        nodes.append(helper.make_node("Mul", [last, factor], [f"rows.{name}"]))
        last = f"rows.{name}"
    if is_by_token:
        nodes.append(helper.make_node("Identity", [last], ["logits"]))
    else:
        nodes.append(helper.make_node("ReduceMean", [last, "token_axis"], ["logits"], keepdims=0))
    constants = {"table": values, "last_axis": np.array([2]), "token_axis": np.array([1]), "one": np.array([1], np.float32)}
    shape: list[str | int] = ["batch", "tokens", values.shape[1]] if is_by_token else ["batch", values.shape[1]]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info(name, integers, ["batch", "tokens"]) for name in inputs],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def tiny_model(
    folder: Path,
    labels: Sequence[str],
    rows: Rows,
    *,
    is_by_token: bool,
    default: Sequence[float] | None = None,
    tokenizer: Tokenizer | None = None,
    inputs: Sequence[str] = INPUTS,
    integers: int = TensorProto.INT64,
    notes: str = "",
    **config: Any,
) -> Path:
    """A folder with such a model; tokens without a row have the default's, which is that of the first label."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer or by_word(tuple(rows))
    default = default or sure(labels, labels[0])
    (folder / "model.onnx").write_bytes(graph(table(tokenizer, rows, default), is_by_token, inputs, integers))
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"id2label": dict(enumerate(labels)), "model_type": "bert", "max_position_embeddings": 64, **config}
    (folder / "config.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    if notes:
        (folder / "newsloom.toml").write_text(notes, encoding="utf-8")
    return folder


def sure(labels: Sequence[str], label: str, logit: float = 6.0) -> list[float]:
    """The logits that make one label likeliest."""
    return [logit * (name == label) for name in labels]
