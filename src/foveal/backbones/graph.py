"""A small writer of ONNX image networks: the operators the graph builders need, with static spatial shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from foveal.imaging.preprocess import Preprocess

# 13 is the oldest opset in which every operator used here has its present meaning, so the widest set of runtimes
# reads the file.
OPSET = 13
IR_VERSION = 8


class Graph:
    """Collects nodes and weights; every method takes and returns names of values.

    Args:
        name: Name of the graph.
        preprocess: Input size, and the normalisation written at the head of the graph.
    """

    def __init__(self, name: str, preprocess: Preprocess) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._shapes: dict[str, tuple[int, ...]] = {}
        width, height = preprocess.size_wh
        self._input = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", height, width, 3])
        self.normalised = self._normalise(preprocess, height, width)

    def _normalise(self, preprocess: Preprocess, height: int, width: int) -> str:
        mean = np.array(preprocess.mean, np.float32).reshape(1, 3, 1, 1)
        std = np.array(preprocess.std, np.float32).reshape(1, 3, 1, 1)
        x = self._node("Cast", ["images"], (height, width, 3), to=TensorProto.FLOAT)
        x = self._node("Transpose", [x], (3, height, width), perm=[0, 3, 1, 2])
        x = self._node("Sub", [x, self._weight(mean * 255)], (3, height, width))
        return self._node("Mul", [x, self._weight(1 / (std * 255))], (3, height, width))

    def _node(self, kind: str, inputs: list[str], shape: tuple[int, ...], **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        self._shapes[name] = shape
        return name

    def _weight(self, values: NDArray[Any]) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def shape(self, x: str) -> tuple[int, ...]:
        """Shape of a value without its batch axis."""
        return self._shapes[x]

    def conv(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32], *, stride: int) -> str:
        """Convolve with TensorFlow's "SAME" padding; depthwise when the weight has one input channel.

        Args:
            x: Value of shape [N, C, H, W].
            weight: float32 [out, in / groups, k, k].
            bias: float32 [out].
            stride: Step in pixels, the same on both axes.
        """
        channels, height, width = self._shapes[x]
        kernel = weight.shape[2]
        top, bottom = same_padding(height, kernel, stride)
        left, right = same_padding(width, kernel, stride)
        return self._node(
            "Conv",
            [x, self._weight(weight), self._weight(bias)],
            (weight.shape[0], -(-height // stride), -(-width // stride)),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[top, left, bottom, right],
            group=channels // weight.shape[1],
        )

    def relu6(self, x: str) -> str:
        """min(max(x, 0), 6)."""
        low, high = (self._weight(np.array(limit, np.float32)) for limit in (0, 6))
        return self._node("Clip", [x, low, high], self._shapes[x])

    def add(self, x: str, y: str) -> str:
        """x + y."""
        return self._node("Add", [x, y], self._shapes[x])

    def pool(self, x: str) -> str:
        """Mean over the two spatial axes: [N, C, H, W] to [N, C]."""
        channels = self._shapes[x][0]
        pooled = self._node("GlobalAveragePool", [x], (channels, 1, 1))
        return self._node("Flatten", [pooled], (channels,), axis=1)

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """x·Wᵀ + b with weight float32 [out, in]."""
        inputs = [x, self._weight(weight.astype(np.float32)), self._weight(bias.astype(np.float32))]
        return self._node("Gemm", inputs, (weight.shape[0],), transB=1)

    def output(self, name: str, x: str) -> str:
        """Publish a value under a name of its own; returns that name."""
        self._nodes.append(helper.make_node("Identity", [x], [name], name=name))
        shape = self._shapes[name] = self._shapes[x]
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]))
        return name

    def serialise(self) -> bytes:
        """Check the graph and return it as the bytes of an ONNX file."""
        graph = helper.make_graph(self._nodes, self._name, [self._input], self._outputs, self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "foveal"
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis so that the output has ⌈size / stride⌉ elements; the odd one goes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
