"""Opens a user's tokenizer and model, and tries them on a window of full length, so that mistakes show at the start."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from services.enricher.errors import AssetCorrupt
from services.enricher.own_models.folder import CONFIG, GRAPH, TOKENIZER, ModelFolder
from services.enricher.session import first_line, open_session
from services.enricher.stage import Floats
from services.enricher.windows import Tokenize, Tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Classify = Callable[[npt.NDArray[np.int32]], Floats]
"""The logits for a window's token numbers, without special tokens: [tokens, labels] or [labels]."""

Run = Callable[[npt.NDArray[np.int32]], Floats]
"""What the graph gives for them: [1, tokens with special ones, labels] or [1, labels]."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_OUTPUT = "logits"

# Any tokenizer makes something of it.
_PROBE = "a 1"


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model with its tokenizer."""

    tokenize: Tokenize
    classify: Classify
    window_tokens: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """The special tokens around a window, and the type of each token, as the tokenizer itself puts them."""

    begin: Sequence[int]
    end: Sequence[int]
    types: Sequence[int]
    """Of begin, of any token of the window, of end."""

    def inputs(self, window: npt.NDArray[np.int32]) -> dict[str, npt.NDArray[Any]]:
        before, kind, after = np.split(np.array(self.types), [len(self.begin), len(self.begin) + 1])
        ids = np.concatenate([np.array(self.begin, int), window, np.array(self.end, int)])
        types = np.concatenate([before, np.repeat(kind, len(window)), after])
        return dict(zip(_INPUTS, (ids, np.ones_like(ids), types), strict=True))


def open_classifier(folder: ModelFolder, by_token: bool) -> Classifier:
    """The folder's model, which classifies tokens or whole windows.

    Raises:
        AssetCorrupt: tokenizer or model can't be opened, don't fit each other, or say something else than the labels.
    """
    tokenizer = _open_tokenizer(folder)
    frame, probe = _framed(folder, tokenizer)
    special = len(frame.begin) + len(frame.end)
    window_tokens = folder.max_tokens - special
    if window_tokens < 1:
        raise AssetCorrupt(f"{folder.path}: the model reads {folder.max_tokens} tokens at a time, too few for a text")
    run = _open_model(folder, frame)
    for length in (len(probe), window_tokens):
        tokens = (length + special,) if by_token else ()
        _try_out(folder, run, np.resize(probe, length), (1, *tokens, len(folder.labels)))

    def tokenize(text: str) -> Tokens:
        encoded = tokenizer.encode(text, add_special_tokens=False)
        return encoded.ids, encoded.offsets

    def classify(window: npt.NDArray[np.int32]) -> Floats:
        logits: Floats = run(window)[0]
        return logits[len(frame.begin) :][: len(window)] if by_token else logits

    return Classifier(tokenize, classify, window_tokens)


def _open_tokenizer(folder: ModelFolder) -> "Tokenizer":
    from tokenizers import Tokenizer

    try:
        settings = json.loads(folder.tokenizer)
        first = settings.get("pre_tokenizer") or {}
        if first.get("type") == "ByteLevel":
            # A sentence is tokenized alone but stands behind others: its first word has a blank before it there.
            first["add_prefix_space"] = True
        tokenizer = Tokenizer.from_str(json.dumps(settings))
    except Exception as error:  # what tokenizers raises has no other class
        raise AssetCorrupt(f"{folder.file(TOKENIZER)} is no tokenizer: {first_line(error)}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _framed(folder: ModelFolder, tokenizer: "Tokenizer") -> tuple[_Frame, npt.NDArray[np.int32]]:
    """The special tokens, and the probe without them."""
    bare, framed = tokenizer.encode(_PROBE, add_special_tokens=False).ids, tokenizer.encode(_PROBE)
    begin = next((at for at in range(len(framed.ids)) if bare and framed.ids[at : at + len(bare)] == bare), None)
    if begin is None:
        raise AssetCorrupt(f"{folder.file(TOKENIZER)} makes nothing of the text {_PROBE!r}")
    end = begin + len(bare)
    types = (*framed.type_ids[: begin + 1], *framed.type_ids[end:])
    return _Frame(framed.ids[:begin], framed.ids[end:], types), np.array(bare, np.int32)


def _open_model(folder: ModelFolder, frame: _Frame) -> Run:
    path = folder.file(GRAPH)
    session = open_session(path)
    dtypes = {node.name: _TYPES.get(node.type) for node in session.get_inputs()}
    if "input_ids" not in dtypes or not set(dtypes) <= set(_INPUTS) or None in dtypes.values():
        asked = ", ".join(f"{node.name} {node.type}" for node in session.get_inputs())
        raise AssetCorrupt(f"{path} asks for {asked}; it must ask for input_ids and may for the others of {', '.join(_INPUTS)}")
    outputs = [node.name for node in session.get_outputs()]
    if _OUTPUT not in outputs and len(outputs) > 1:
        raise AssetCorrupt(f"{path} has no output {_OUTPUT}, but {', '.join(outputs)}")
    output = _OUTPUT if _OUTPUT in outputs else outputs[0]

    def run(window: npt.NDArray[np.int32]) -> Floats:
        inputs = frame.inputs(window)
        given = {name: inputs[name][None, :].astype(dtype) for name, dtype in dtypes.items()}
        return np.asarray(session.run([output], given)[0], np.float32)

    return run


def _try_out(folder: ModelFolder, run: Run, window: npt.NDArray[np.int32], expected: tuple[int, ...]) -> None:
    path = folder.file(GRAPH)
    try:
        logits = run(window)
    except Exception as error:  # onnxruntime's errors have no other base
        raise AssetCorrupt(f"{path} can't read {len(window)} tokens at a time: {first_line(error)}") from error
    if logits.shape != expected:
        what = "token classification" if len(expected) == 3 else "sequence classification"
        raise AssetCorrupt(
            f"{path} is no model for {what} with the labels of {CONFIG}: "
            f"it gives {list(logits.shape)} where {list(expected)} should be"
        )
