"""Small ONNX networks such as people bring, with what they should answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIZE = 32
WEIGHT = np.random.default_rng(5).normal(size=(8, 3)).astype(np.float32)

CARD = f"""\
name = "own.test"
short_name = "own"
title = "Own network"
paper = "none"
trained_on = "nothing"
parameters = 24

[licence]
spdx = "MIT"

[preprocess]
size_wh = [{SIZE}, {SIZE}]
mode = "stretch"
crop_share = 1.0
pad_value = 128
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]

[outputs]
embedding = 8

[onnx.outputs]
embedding = "features"
"""


def normalised(image_rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """float64 [H, W, 3], as the card says."""
    return (image_rgb / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]


def expected(image_rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """float64 [8]: what every network here makes of an image."""
    return np.maximum(normalised(image_rgb) @ WEIGHT.T, 0).mean(axis=(0, 1))


def write_network(
    path: Path,
    *,
    layout: str = "NCHW",
    pooled: bool = True,
    batch: Any = "batch",
    size: int = SIZE,
    kind: int = TensorProto.FLOAT,
    weights_as_inputs: bool = False,
    inputs: int = 1,
) -> Path:
    """A 1×1 convolution, ReLU and, where `pooled`, the mean over the area; its output is called `features`."""
    dtype = np.float16 if kind == TensorProto.FLOAT16 else np.float32
    nodes = [helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2])] if layout == "NHWC" else []
    nodes += [
        helper.make_node("Conv", ["planes" if nodes else "image", "weight"], ["convolved"]),
        helper.make_node("Relu", ["convolved"], ["mean" if pooled else "features"]),
    ]
    if pooled:
        nodes.append(helper.make_node("ReduceMean", ["mean"], ["features"], axes=[2, 3], keepdims=0))
    shape = [3, size, size] if layout == "NCHW" else [size, size, 3]
    weight = numpy_helper.from_array(WEIGHT.reshape(8, 3, 1, 1).astype(dtype), "weight")
    given = [helper.make_tensor_value_info("image", kind, [batch, *shape])]
    if weights_as_inputs:
        given.append(helper.make_tensor_value_info("weight", kind, [8, 3, 1, 1]))
    given += [helper.make_tensor_value_info(f"more_{number}", kind, [1]) for number in range(1, inputs)]
    out = helper.make_tensor_value_info("features", kind, [batch, 8] if pooled else [batch, 8, size, size])
    graph = helper.make_graph(nodes, "own", given, [out], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 3 if weights_as_inputs else 8
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path))
    return path
