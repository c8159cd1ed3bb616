"""Collects the nodes of an ONNX network while the layers of a Keras model are gone through."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

OPSET = 13
IR_VERSION = 8
# More numbers than this in one value are no photo's.
_MOST_NUMBERS = 1 << 26


@dataclass(frozen=True)
class Value:
    """A value of the network.

    Args:
        name: Its name in the graph.
        shape: As Keras counts, without the batch: (height, width, channels) for maps, which lie there as [N, C, H, W].
    """

    name: str
    shape: tuple[int, ...]

    @property
    def is_map(self) -> bool:
        """Whether it is a map, [N, C, H, W] in the graph."""
        return len(self.shape) == 3


@dataclass(frozen=True)
class Layer:
    """One layer as a writer of it sees it.

    Args:
        kind: Its class.
        config: Its configuration.
        get: Gives its arrays by the names of its variables, in the order that Keras keeps them.
    """

    kind: str
    config: Mapping[str, Any]
    get: Callable[[Sequence[str]], Mapping[str, NDArray[np.float32]]]

    @property
    def name(self) -> str:
        """What the model calls it."""
        return str(self.config.get("name", self.kind))

    def refuse(self, what: str) -> FovealError:
        """The error for a layer that foveal does not write."""
        return FovealError(
            "layer-unknown",
            f"{self.name}: expected a layer that foveal can write as ONNX, got {what}",
            hint="export the model to ONNX with Keras itself, model.export('NAME.onnx', format='onnx'), and adopt that",
        )


class Writer:
    """Writes nodes and weights.

    Args:
        size_wh: Width and height of the input.
        version: The Keras that wrote the model; a few functions changed their meaning with version 3.
    """

    def __init__(self, size_wh: tuple[int, int], version: str = "") -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.old = version.startswith(("1", "2"))
        self.input = Value("photo", (size_wh[1], size_wh[0], 3))

    def node(self, operator: str, inputs: Sequence[str], shape: Sequence[int], **attributes: Any) -> Value:
        """Add a node; `shape` is that of its result, as in `Value`."""
        from onnx import helper

        sizes = tuple(int(each) for each in shape)
        if min(sizes, default=1) < 1 or math.prod(sizes) > _MOST_NUMBERS:
            raise ValueError(f"a value of shape {sizes}")
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return Value(name, sizes)

    def weight(self, values: Any, kind: type = np.float32) -> str:
        """Add a constant; its name."""
        from onnx import numpy_helper

        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def turned_back(self, x: Value) -> str:
        """Name of the value as Keras orders its axes, channels last."""
        return self.node("Transpose", [x.name], x.shape, perm=[0, 2, 3, 1]).name if x.is_map else x.name

    def of_order(self, name: str, shape: Sequence[int]) -> Value:
        """A value whose axes are ordered as Keras does, in the order it has here."""
        value = Value(name, tuple(shape))
        return self.node("Transpose", [name], shape, perm=[0, 3, 1, 2]) if value.is_map else value

    def along_channels(self, x: Value, numbers: Any) -> str:
        """Name of a constant, one number for all or one a channel, that broadcasts against a value."""
        values = np.asarray(numbers, np.float32).ravel()
        if values.size not in (1, x.shape[-1]):
            raise ValueError(f"{values.size} numbers for {x.shape[-1]} channels")
        return self.weight(values.reshape(1, -1, 1, 1) if x.is_map else values)

    def content(self, output: Value) -> tuple[bytes, str]:
        """The serialised model with one output, and its name."""
        from onnx import TensorProto, helper

        height, width, colours = self.input.shape
        shape = [output.shape[i] for i in ((2, 0, 1) if output.is_map else range(len(output.shape)))]
        graph = helper.make_graph(
            self.nodes,
            "keras",
            [helper.make_tensor_value_info(self.input.name, TensorProto.FLOAT, ["N", colours, height, width])],
            [helper.make_tensor_value_info(output.name, TensorProto.FLOAT, ["N", *shape])],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "foveal"
        return bytes(model.SerializeToString()), output.name
