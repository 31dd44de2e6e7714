"""Graphs compute what they say, token by token."""

import numpy as np
import onnxruntime
from onnx import TensorProto

from services.enricher.stage import Floats
from services.enricher.training.graph import Graph

RANDOM = np.random.default_rng(7)
WEIGHT = RANDOM.normal(size=(5, 32)).astype(np.float32)


def bytes_of_product() -> bytes:
    graph = Graph()
    graph.product_in_8_bits("x", WEIGHT, "y")
    model = graph.model([("x", TensorProto.FLOAT, [1, "tokens", 32])], [("y", [1, "tokens", 5])])
    return bytes(model.SerializeToString(deterministic=True))


def product(values: Floats) -> Floats:
    session = onnxruntime.InferenceSession(bytes_of_product(), providers=["CPUExecutionProvider"])
    result: Floats = session.run(["y"], {"x": values[None]})[0][0]
    return result


def test_a_product_in_8_bits_is_close_to_the_exact_one() -> None:
    values = RANDOM.normal(size=(9, 32)).astype(np.float32)
    exact = values @ WEIGHT.T
    assert np.abs(product(values) - exact).max() < 0.05 * np.abs(exact).max()


def test_a_tokens_product_never_depends_on_other_tokens() -> None:
    values = RANDOM.normal(size=(9, 32)).astype(np.float32)
    values[3] *= 1000
    assert np.array_equal(product(values)[:3], product(values[:3]))


def test_equal_inputs_give_equal_bytes() -> None:
    assert bytes_of_product() == bytes_of_product()
