"""Small ONNX classifiers that end in every way exporters end them, and what they ought to say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CLASSES = 3
CHANNELS = 8
SIZE = 32
ENDINGS = ("logits", "softmax", "matmul", "conv", "flat-conv", "written-out", "log-softmax", "relu")


def weights(seed: int = 0, classes: int = CLASSES) -> dict[str, NDArray[np.float32]]:
    """Filters [8, 3, 5, 5], the last matrix [8, C] and its bias."""
    rng = np.random.default_rng(seed)
    return {
        "filters": rng.normal(0, 0.2, (CHANNELS, 3, 5, 5)).astype(np.float32),
        "matrix": rng.normal(0, 2, (CHANNELS, classes)).astype(np.float32),
        "bias": rng.normal(0, 0.3, classes).astype(np.float32),
    }


def classifier(
    ending: str = "softmax",
    *,
    given: Mapping[str, NDArray[np.float32]] | None = None,
    side: int | str = SIZE,
    batch: int | str = "N",
    kind: int = TensorProto.FLOAT,
    notes: Mapping[str, str] | None = None,
    more: bool = False,
) -> bytes:
    """A convolution, ReLU, mean over the area, a matrix, and an ending of `ENDINGS` or "sigmoid".

    With `more` the mean over the area is an output too.
    """
    made = dict(weights() if given is None else given)
    dtype = helper.tensor_dtype_to_np_dtype(TensorProto.FLOAT if kind == TensorProto.UINT8 else kind)
    classes = len(made["bias"])
    nodes = [helper.make_node("Conv", ["x", "filters"], ["maps"], strides=[2, 2])]
    if kind == TensorProto.UINT8:
        nodes = [
            helper.make_node("Cast", ["photo"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["floats"], ["x"], perm=[0, 3, 1, 2]),
            *nodes,
        ]
    nodes += [
        helper.make_node("Relu", ["maps"], ["seen"]),
        helper.make_node("GlobalAveragePool", ["seen"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"], axis=1),
    ]
    nodes += _ending(ending, made)
    shape = [batch, side, side, 3] if kind == TensorProto.UINT8 else [batch, 3, side, side]
    outputs = [helper.make_tensor_value_info("y", kind if kind != TensorProto.UINT8 else 1, [batch, classes])]
    if more:
        outputs.append(helper.make_tensor_value_info("flat", TensorProto.FLOAT, [batch, CHANNELS]))
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("photo" if kind == TensorProto.UINT8 else "x", kind, shape)],
        outputs,
        [numpy_helper.from_array(np.ascontiguousarray(each, dtype), name) for name, each in made.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, dict(notes or {}))
    return bytes(model.SerializeToString())


def _ending(ending: str, made: dict[str, NDArray[np.float32]]) -> list[object]:
    node = helper.make_node
    if ending in ("conv", "flat-conv", "relu"):
        made["kernel"] = made.pop("matrix").T[:, :, None, None]
        if ending == "relu":
            # As SqueezeNet ends: each place is judged, then comes the mean.
            return [
                node("Conv", ["seen", "kernel", "bias"], ["judged"]),
                node("Relu", ["judged"], ["kept"]),
                node("GlobalAveragePool", ["kept"], ["mean"]),
                node("Flatten", ["mean"], ["y"], axis=1),
            ]
        nodes = [node("Conv", ["pooled", "kernel", "bias"], ["wide"]), node("Flatten", ["wide"], ["z"], axis=1)]
        return [*nodes, node("Softmax" if ending == "flat-conv" else "Identity", ["z"], ["y"])]
    if ending == "matmul":
        nodes = [node("MatMul", ["flat", "matrix"], ["product"]), node("Add", ["bias", "product"], ["z"])]
        return [*nodes, node("Softmax", ["z"], ["y"], axis=-1)]
    nodes = [node("Gemm", ["flat", "matrix", "bias"], ["y" if ending == "logits" else "z"])]
    if ending == "written-out":
        nodes += [
            node("Exp", ["z"], ["e"]),
            node("ReduceSum", ["e"], ["sum"], keepdims=1),
            node("Div", ["e", "sum"], ["y"]),
        ]
    ends = {"softmax": "Softmax", "log-softmax": "LogSoftmax", "sigmoid": "Sigmoid"}
    return [*nodes, node(ends[ending], ["z"], ["y"])] if ending in ends else nodes
