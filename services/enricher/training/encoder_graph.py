"""The encoder as an ONNX graph: 9 BERT layers in 8 bits, mean pooling, and the heads that are served."""

from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, TensorProto

from services.enricher.stage import Floats
from services.enricher.training.checkpoint import ATTENTION_HEADS, LAYERS, Checkpoint
from services.enricher.training.graph import MICROSOFT, Graph, Shape
from services.enricher.training.start import BLOCK, HIDDEN, LAYER_NORM_EPSILON

# The pooled heads read the mean of these layers' outputs, side by side; counted from 1.
POOLED_LAYERS = (6, 9)

# The longest window that the graph reads; the base model has 512.
POSITIONS = 256

Heads = Mapping[str, Floats]


def encoder_graph(checkpoint: Checkpoint, layers: int = LAYERS, in_8_bits: bool = True) -> ModelProto:
    """The graph from `ids` int32 [1, tokens] to logits: `entities` [1, tokens, labels], `prefixes` [1, tokens, 4], `stances`
    [1, tokens, 3], `sentiment` [1, 3], `topics` [1, 17]; and `embedding` [1, 384], not normalised.

    One window at a time and no padding: nothing masks tokens. Pools are of POOLED_LAYERS, the last one whatever its number.
    Without in_8_bits all products are in float32, to compare with.
    """
    graph = Graph(in_8_bits)
    layer = _embeddings(graph, checkpoint)
    pools = []
    for number in range(layers):
        layer = _layer(graph, checkpoint, number, layer)
        if number + 1 in (POOLED_LAYERS[0], layers):
            pools.append(_mean(graph, layer, f"pool.{number + 1}"))
    pooled = graph.node("Concat", pools, "pools", axis=-1)
    heads = checkpoint.heads
    for name in ("entities", "prefixes"):
        graph.linear(layer, heads[f"{name}.weight"], heads[f"{name}.bias"], name)
    _stances(graph, layer, pooled, heads)
    _two_layers(graph, pooled, heads, "sentiment", outputs=3)  # as news; the other three are for tweets and reviews
    _two_layers(graph, pooled, heads, "topics")
    graph.linear(pooled, heads["meaning.weight"], heads["meaning.bias"], "embedding")
    by_token = {"entities": len(heads["entities.bias"]), "prefixes": len(heads["prefixes.bias"]), "stances": 3}
    outputs: list[tuple[str, Shape]] = [
        *[(name, _by_token(size)) for name, size in by_token.items()],
        ("sentiment", [1, 3]),
        ("topics", [1, len(heads["topics.2.bias"])]),
        ("embedding", [1, HIDDEN]),
    ]
    return graph.model([("ids", TensorProto.INT32, [1, "tokens"])], outputs)


def _by_token(size: int) -> Shape:
    return [1, "tokens", size]


def _embeddings(graph: Graph, checkpoint: Checkpoint) -> str:
    # ONNX's 4-bit integers are two's complement; the checkpoint's are shifted by 8, which flips the top bit.
    codes = graph.packed_constant("words", checkpoint.word_codes ^ np.uint8(0x88))
    scales = graph.constant("words.scales", checkpoint.word_scales, np.float16)
    halves = graph.node(
        "GatherBlockQuantized",
        [codes, "ids", scales],
        "words.halves",
        MICROSOFT,
        gather_axis=0,
        quantize_axis=1,
        block_size=BLOCK,
    )
    words = graph.node("Cast", [halves], "words.floats", to=TensorProto.FLOAT)
    weights = checkpoint.weights
    table = graph.constant("positions", weights["positions"][:POSITIONS])
    shape = graph.node("Shape", ["ids"], "ids.shape", start=1, end=2)
    positions = graph.node("Slice", [table, graph.constant("first", [0], np.int64), shape], "positions.used")
    total = graph.node("Add", [words, positions], "embeddings.sum")
    scale = graph.constant("embeddings.norm.w", weights["norm.weight"])
    bias = graph.constant("embeddings.norm.b", weights["norm.bias"])
    return graph.node("LayerNormalization", [total, scale, bias], "embeddings", axis=-1, epsilon=LAYER_NORM_EPSILON)


def _layer(graph: Graph, checkpoint: Checkpoint, number: int, value: str) -> str:
    name, weights = f"layer.{number}", checkpoint.weights
    ours = f"layers.{number}"
    context = _attention(graph, checkpoint, number, value)
    attended = _add_and_norm(graph, weights, f"{ours}.attention_output", context, value, f"{name}.attended")
    inner = graph.product(attended, weights[f"{ours}.inner.weight"], f"{name}.inner")
    bias = graph.constant(f"{name}.inner.bias", weights[f"{ours}.inner.bias"])
    active = graph.node("BiasGelu", [inner, bias], f"{name}.active", MICROSOFT)
    return _add_and_norm(graph, weights, f"{ours}.output", active, attended, name)


def _attention(graph: Graph, checkpoint: Checkpoint, number: int, value: str) -> str:
    name, ours = f"layer.{number}.attention", f"layers.{number}.attention"
    product = graph.product(value, checkpoint.weights[f"{ours}.weight"], f"{name}.product")
    bias = graph.constant(f"{name}.bias", checkpoint.weights[f"{ours}.bias"])
    shifted = graph.node("Add", [product, bias], f"{name}.shifted")
    query_key_value = graph.nodes_of(
        "Split", [shifted], [f"{name}.query", f"{name}.key", f"{name}.value"], axis=-1, num_outputs=3
    )
    return graph.node("MultiHeadAttention", query_key_value, name, MICROSOFT, num_heads=ATTENTION_HEADS)


def _add_and_norm(graph: Graph, weights: Heads, part: str, value: str, skip: str, output: str) -> str:
    product = graph.product(value, weights[f"{part}.weight"], f"{output}.dense")
    norm_part = part.replace("attention_output", "attention_norm").replace(".output", ".norm")
    norm = [
        graph.constant(f"{output}.norm.w", weights[f"{norm_part}.weight"]),
        graph.constant(f"{output}.norm.b", weights[f"{norm_part}.bias"]),
        graph.constant(f"{output}.dense.b", weights[f"{part}.bias"]),
    ]
    return graph.node("SkipLayerNormalization", [product, skip, *norm], output, MICROSOFT, epsilon=LAYER_NORM_EPSILON)


def _mean(graph: Graph, value: str, output: str) -> str:
    axis = graph.constant(f"{output}.axis", [1], np.int64)
    return graph.node("ReduceMean", [value, axis], output, keepdims=0)


def _two_layers(graph: Graph, value: str, heads: Heads, name: str, outputs: int | None = None) -> str:
    inner = graph.linear(value, heads[f"{name}.0.weight"], heads[f"{name}.0.bias"], f"{name}.inner")
    active = graph.node("Gelu", [inner], f"{name}.active", MICROSOFT)
    return graph.linear(active, heads[f"{name}.2.weight"][:outputs], heads[f"{name}.2.bias"][:outputs], name)


def _stances(graph: Graph, layer: str, pooled: str, heads: Heads) -> str:
    """A token's stance from its own vector and the window's pools: the first layer's product is taken in two parts."""
    weight, bias = heads["stances.0.weight"], heads["stances.0.bias"]
    own = graph.linear(layer, weight[:, :HIDDEN], bias, "stances.own")
    whole = graph.linear(pooled, weight[:, HIDDEN:], np.zeros_like(bias), "stances.whole")
    active = graph.node("Gelu", [graph.node("Add", [own, whole], "stances.inner")], "stances.active", MICROSOFT)
    return graph.linear(active, heads["stances.2.weight"], heads["stances.2.bias"], "stances")
