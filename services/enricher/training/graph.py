"""Writes ONNX graphs: named constants and nodes, and matrix products in 8 bits that treat every token alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from services.enricher.stage import Floats

Shape = Sequence[int | str]

MICROSOFT = "com.microsoft"
_OPSET, _MICROSOFT_OPSET, _IR_VERSION = 21, 1, 10

# Weights use 7 of their 8 bits: processors without VNNI add two products in 16 bits, which 8 bits would overflow.
_WEIGHT_LIMIT = 63
_ACTIVATION_LIMIT = 127
_ACTIVATION_ZERO = 128
_SMALLEST_SCALE = 1e-9


@dataclass
class Graph:
    """A graph being written; every node and constant has a name given by its place, so equal inputs give equal bytes."""

    in_8_bits: bool = True
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    _quantised: dict[str, tuple[str, str]] = field(default_factory=dict)

    def constant(self, name: str, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        """Adds a constant; its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name))
        return name

    def packed_constant(self, name: str, codes: npt.NDArray[np.uint8]) -> str:
        """Adds a constant of 4-bit signed integers, [rows, columns / 2] bytes with the low nibble first; its name."""
        shape = [codes.shape[0], codes.shape[1] * 2]
        self.constants.append(helper.make_tensor(name, TensorProto.INT4, shape, codes.tobytes(), raw=True))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Adds a node with one output; the output's name."""
        return self.nodes_of(operator, inputs, [output], domain, **attributes)[0]

    def nodes_of(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> Sequence[str]:
        """Adds a node with several outputs; their names."""
        name = f"{len(self.nodes)}_{operator}"
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=name, domain=domain, **attributes))
        return outputs

    def linear(self, value: str, weight: Floats, bias: Floats, output: str) -> str:
        """value @ weight.T + bias in float32; weight is [outputs, inputs]."""
        product = self.node("MatMul", [value, self.constant(f"{output}.w", weight.T)], f"{output}.product")
        return self.node("Add", [product, self.constant(f"{output}.b", bias)], output)

    def product(self, value: str, weight: Floats, output: str) -> str:
        """value @ weight.T, in 8 bits or in float32; weight is [outputs, inputs]."""
        if self.in_8_bits:
            return self.product_in_8_bits(value, weight, output)
        return self.node("MatMul", [value, self.constant(f"{output}.w", weight.T)], output)

    def product_in_8_bits(self, value: str, weight: Floats, output: str) -> str:
        """value @ weight.T with 8-bit integers: one scale for each token's activations, one for each output's weights.

        ONNX's own dynamic quantisation has one scale for the whole tensor, so that a token's result would depend on the
        other tokens; with a scale for each token that error is also a third smaller.
        """
        codes, scales = _quantise(weight)
        quantised, token_scale = self._quantise_tokens(value)
        product = self.node(
            "MatMulInteger",
            [quantised, self.constant(f"{output}.w", codes.T, np.int8), self._zero("activation"), self._zero("weight")],
            f"{output}.integers",
        )
        floats = self.node("Cast", [product], f"{output}.floats", to=TensorProto.FLOAT)
        scaled = self.node("Mul", [floats, token_scale], f"{output}.scaled")
        return self.node("Mul", [scaled, self.constant(f"{output}.scales", scales)], output)

    def _zero(self, of: str) -> str:
        name = f"zero.{of}"
        if all(constant.name != name for constant in self.constants):
            value, dtype = (_ACTIVATION_ZERO, np.uint8) if of == "activation" else (0, np.int8)
            self.constant(name, value, dtype)
        return name

    def _quantise_tokens(self, value: str) -> tuple[str, str]:
        """The names of a tensor's 8-bit codes and of its scales; a tensor that several products read is quantised once."""
        if value not in self._quantised:
            self._quantised[value] = self._quantiser(value)
        return self._quantised[value]

    def _quantiser(self, value: str) -> tuple[str, str]:
        name = f"{value}.q"
        axis = self.constant(f"{name}.axis", [-1], np.int64)
        largest = self.node("ReduceMax", [self.node("Abs", [value], f"{name}.abs"), axis], f"{name}.max", keepdims=1)
        step = self.node("Mul", [largest, self.constant(f"{name}.i", 1 / _ACTIVATION_LIMIT)], f"{name}.step")
        scale = self.node("Add", [step, self.constant(f"{name}.e", _SMALLEST_SCALE)], f"{name}.scale")
        shifted = self.node(
            "Add",
            [self.node("Div", [value, scale], f"{name}.div"), self.constant(f"{name}.z", _ACTIVATION_ZERO)],
            f"{name}.shifted",
        )
        rounded = self.node("Round", [shifted], f"{name}.rounded")
        return self.node("Cast", [rounded], f"{name}.codes", to=TensorProto.UINT8), scale

    def model(self, inputs: Sequence[tuple[str, int, Shape]], outputs: Sequence[tuple[str, Shape]]) -> ModelProto:
        """The model; inputs are (name, element type, shape), outputs (name, shape) in float32."""
        graph: GraphProto = helper.make_graph(
            self.nodes,
            "encoder",
            [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
            self.constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, _MICROSOFT_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def _quantise(weight: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Codes [outputs, inputs] and scales [outputs] with weight ≈ codes × scales."""
    scales = np.maximum(np.abs(weight).max(axis=1), _SMALLEST_SCALE) / _WEIGHT_LIMIT
    return np.round(weight / scales[:, None]).astype(np.int8), scales.astype(np.float32)
