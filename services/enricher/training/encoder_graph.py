"""The encoder as an ONNX graph: 9 BERT layers in 8 bits, mean pooling, and the heads that are served."""

from collections.abc import Callable, Mapping

import numpy as np
from onnx import ModelProto, TensorProto

from services.enricher.stage import Floats
from services.enricher.training.checkpoint import (
    ATTENTION_HEADS,
    BLOCK,
    HIDDEN,
    LAYER_NORM_EPSILON,
    LAYERS,
    Checkpoint,
)
from services.enricher.training.graph import MICROSOFT, Graph, Shape

# The pooled heads read the mean of these layers' outputs, side by side; counted from 1.
POOLED_LAYERS = (6, 9)

Weight = Callable[[str], Floats]
Heads = Mapping[str, Floats]


def encoder_graph(checkpoint: Checkpoint, with_pools: bool = False) -> ModelProto:
    """The graph from `ids` int32 [1, tokens] to `entities` [1, tokens, 7], `sentiment` [1, 3], `topics` [1, 17] (logits)
    and `embedding` [1, 384] (not normalised); with_pools adds `pools` [1, 768], what the pooled heads read.

    One window at a time and no padding: nothing masks tokens.
    """
    graph = Graph()
    layer = _embeddings(graph, checkpoint)
    pools = []
    for number in range(LAYERS):
        layer = _layer(graph, checkpoint, number, layer)
        if number + 1 in POOLED_LAYERS:
            pools.append(_mean(graph, layer, f"pool.{number + 1}"))
    pooled = graph.node("Concat", pools, "pools", axis=-1)
    heads = checkpoint.heads
    graph.linear(layer, heads["ner.9.weight"], heads["ner.9.bias"], "entities")
    graph.linear(pooled, heads["emb9.w0"], heads["emb9.b0"], "embedding")
    _two_layers(graph, pooled, heads, "sent_topic9.sentiment", "sentiment")
    _two_layers(graph, pooled, heads, "sent_topic9.iptc", "topics")
    outputs: list[tuple[str, Shape]] = [
        ("entities", [1, "tokens", 7]),
        ("sentiment", [1, 3]),
        ("topics", [1, 17]),
        ("embedding", [1, HIDDEN]),
    ]
    if with_pools:
        outputs.append(("pools", [1, HIDDEN * len(POOLED_LAYERS)]))
    return graph.model([("ids", TensorProto.INT32, [1, "tokens"])], outputs)


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
    kind = weights["embeddings.token_type_embeddings.weight"][:1]
    table = graph.constant("positions", weights["embeddings.position_embeddings.weight"] + kind)
    shape = graph.node("Shape", ["ids"], "ids.shape", start=1, end=2)
    positions = graph.node("Slice", [table, graph.constant("first", [0], np.int64), shape], "positions.used")
    total = graph.node("Add", [words, positions], "embeddings.sum")
    scale = graph.constant("embeddings.norm.w", weights["embeddings.LayerNorm.weight"])
    bias = graph.constant("embeddings.norm.b", weights["embeddings.LayerNorm.bias"])
    return graph.node("LayerNormalization", [total, scale, bias], "embeddings", axis=-1, epsilon=LAYER_NORM_EPSILON)


def _layer(graph: Graph, checkpoint: Checkpoint, number: int, value: str) -> str:
    def weight(name: str) -> Floats:
        return checkpoint.weights[f"encoder.layer.{number}.{name}"]

    name = f"layer.{number}"
    context = _attention(graph, checkpoint, number, value)
    attended = _add_and_norm(graph, weight, "attention.output", context, value, f"{name}.attended")
    inner = graph.product_in_8_bits(attended, weight("intermediate.dense.weight"), f"{name}.inner")
    bias = graph.constant(f"{name}.inner.bias", weight("intermediate.dense.bias"))
    active = graph.node("BiasGelu", [inner, bias], f"{name}.active", MICROSOFT)
    return _add_and_norm(graph, weight, "output", active, attended, name)


def _attention(graph: Graph, checkpoint: Checkpoint, number: int, value: str) -> str:
    name = f"layer.{number}.attention"
    parts = [f"encoder.layer.{number}.attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([checkpoint.weights[f"{part}.weight"] for part in parts])
    bias = np.concatenate([checkpoint.weights[f"{part}.bias"] for part in parts])
    product = graph.product_in_8_bits(value, weight, f"{name}.product")
    shifted = graph.node("Add", [product, graph.constant(f"{name}.bias", bias)], f"{name}.shifted")
    query_key_value = graph.nodes_of(
        "Split", [shifted], [f"{name}.query", f"{name}.key", f"{name}.value"], axis=-1, num_outputs=3
    )
    return graph.node("MultiHeadAttention", query_key_value, name, MICROSOFT, num_heads=ATTENTION_HEADS)


def _add_and_norm(graph: Graph, weight: Weight, part: str, value: str, skip: str, output: str) -> str:
    product = graph.product_in_8_bits(value, weight(f"{part}.dense.weight"), f"{output}.dense")
    norm = [
        graph.constant(f"{output}.norm.w", weight(f"{part}.LayerNorm.weight")),
        graph.constant(f"{output}.norm.b", weight(f"{part}.LayerNorm.bias")),
        graph.constant(f"{output}.dense.b", weight(f"{part}.dense.bias")),
    ]
    return graph.node("SkipLayerNormalization", [product, skip, *norm], output, MICROSOFT, epsilon=LAYER_NORM_EPSILON)


def _mean(graph: Graph, value: str, output: str) -> str:
    axis = graph.constant(f"{output}.axis", [1], np.int64)
    return graph.node("ReduceMean", [value, axis], output, keepdims=0)


def _two_layers(graph: Graph, value: str, heads: Heads, prefix: str, output: str) -> str:
    inner = graph.linear(value, heads[f"{prefix}.w0"], heads[f"{prefix}.b0"], f"{output}.inner")
    active = graph.node("Gelu", [inner], f"{output}.active", MICROSOFT)
    return graph.linear(active, heads[f"{prefix}.w1"], heads[f"{prefix}.b1"], output)
