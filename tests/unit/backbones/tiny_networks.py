"""Networks of a few nodes, to read layers of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Node = tuple[str, Sequence[str], str, Mapping[str, Any]]


def network(
    nodes: Sequence[Node],
    weights: Mapping[str, NDArray[Any]],
    *,
    input_shape: Sequence[Any] = ("N", 3, 32, 32),
    outputs: Sequence[str] = ("out",),
    kind: int = TensorProto.FLOAT,
    opset: int = 19,
) -> bytes:
    """A network of (operator, inputs, output, attributes) with the input `images`."""
    graph = helper.make_graph(
        [helper.make_node(op, [*inputs], [output], name=output, **given) for op, inputs, output, given in nodes],
        "tiny",
        [helper.make_tensor_value_info("images", kind, [*input_shape])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in weights.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return bytes(model.SerializeToString())


def random(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Weights, float32, away from 0 so that whatever is seen matters."""
    rng = np.random.default_rng(seed)
    return (rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)).astype(np.float32)


def photos_network() -> bytes:
    """Normalisation, a strided convolution, two branches added, a pooling; uint8 photos of 40 pixels come in."""
    nodes: list[Node] = [
        ("Cast", ["images"], "float", {"to": TensorProto.FLOAT}),
        ("Transpose", ["float"], "planes", {"perm": [0, 3, 1, 2]}),
        ("Sub", ["planes", "mean"], "centred", {}),
        ("Mul", ["centred", "gain"], "normalised", {}),
        ("Conv", ["normalised", "first"], "stem", {"strides": [2, 2], "pads": [0, 0, 1, 1]}),
        ("Relu", ["stem"], "lit", {}),
        ("Conv", ["lit", "each"], "depthwise", {"group": 4, "pads": [1, 1, 1, 1]}),
        ("Conv", ["depthwise", "point"], "mixed", {}),
        ("Add", ["mixed", "lit"], "sum", {}),
        ("MaxPool", ["sum"], "pooled", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("GlobalAveragePool", ["pooled"], "mean_of_map", {}),
        ("Flatten", ["mean_of_map"], "embedding", {"axis": 1}),
        ("Gemm", ["embedding", "matrix", "bias"], "logits", {"transB": 1}),
    ]
    weights = {
        "mean": np.array([120, 110, 100], np.float32).reshape(1, 3, 1, 1),
        "gain": np.array([1 / 60, 1 / 50, 1 / 40], np.float32).reshape(1, 3, 1, 1),
        "first": random(4, 3, 3, 3),
        "each": random(4, 1, 3, 3, seed=1),
        "point": random(4, 4, 1, 1, seed=2),
        "matrix": random(5, 4, seed=3),
        "bias": random(5, seed=4),
    }
    shape = ("N", 40, 40, 3)
    return network(nodes, weights, input_shape=shape, outputs=("embedding", "logits"), kind=TensorProto.UINT8)


def inferred(content: bytes) -> dict[str, tuple[int, ...]]:
    """Shape of every value by ONNX's own inference, for one photo."""
    model = onnx.load_from_string(content)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    values = (*model.graph.value_info, *model.graph.output)
    return {each.name: tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim) for each in values}
