"""A small network that takes photos of 40 pixels, as uint8, and normalises them itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 40


def network_of_photos(*, std: tuple[float, float, float] = (60.0, 50.0, 40.0), before: str = "Identity") -> bytes:
    """Stem of 4 channels (`stem`, 20×20), a second stage of 6 (`second`, 10×10), the mean `embedding`."""
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Sub", ["planes", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["scaled"]),
        helper.make_node(before, ["scaled"], ["normalised"]),
        helper.make_node("Conv", ["normalised", "first"], ["stem"], strides=[2, 2], pads=[0, 0, 1, 1]),
        helper.make_node("Relu", ["stem"], ["lit"]),
        helper.make_node("Conv", ["lit", "next"], ["second"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["second"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"], axis=1),
    ]
    rng = np.random.default_rng(0)
    weights: dict[str, NDArray[np.float32]] = {
        "mean": np.array([120, 110, 100], np.float32).reshape(1, 3, 1, 1),
        "std": np.array(std, np.float32).reshape(1, 3, 1, 1),
        "first": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "next": rng.normal(size=(6, 4, 3, 3)).astype(np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "photos",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 6])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
