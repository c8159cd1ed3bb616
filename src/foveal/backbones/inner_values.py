"""What a network holds just before it averages over the picture: the maps behind its pooled outputs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.network import Network

# Operators that hand the pooled numbers on as they are.
_PASSING = {"Identity", "Flatten", "Reshape", "Squeeze", "Dropout"}


@dataclass(frozen=True, eq=False)
class ClassLayer:
    """The layer behind which a network names its own classes: logits = weights · pooled + bias.

    Args:
        weights: float32 [C, D].
        bias: float32 [C].
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MappedNetwork:
    """A network that also gives the maps behind its outputs.

    Args:
        content: The serialised ONNX model.
        sha256: Of `content`, in hexadecimal.
        maps: Output of the network to the output that holds its map, float32 [N, C, h, w]; the mean over h and w is
            the output itself, or what the class layer turns into it. An output that is no mean over a map is left out.
        layers: The class layer of each output that stands behind one.
    """

    content: bytes = field(repr=False)
    sha256: str
    maps: Mapping[str, str]
    layers: Mapping[str, ClassLayer]


@functools.lru_cache(maxsize=8)
def with_maps(network: Network, outputs: tuple[str, ...]) -> MappedNetwork:
    """Make the maps behind some outputs of a network outputs of their own.

    Args:
        network: The network; float or quantised.
        outputs: Names of its pooled outputs, or of its logits.
    """
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_from_string(network.content)
    graph = _Graph(model)
    maps, layers = {}, {}
    for output in outputs:
        layer, pooled = graph.class_layer(output)
        found = graph.map_behind(pooled)
        if found is None:
            continue
        value, perm = found
        maps[output] = name = f"{output}/map"
        node = helper.make_node("Transpose", [value], [name], perm=perm) if perm else None
        model.graph.node.append(node or helper.make_node("Identity", [value], [name]))
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        if layer is not None:
            layers[output] = layer
    content = bytes(model.SerializeToString())
    return MappedNetwork(content, hashlib.sha256(content).hexdigest(), maps, layers)


class _Graph:
    """Finds its way from an output back towards the input."""

    def __init__(self, model: Any) -> None:
        self._makers = {name: node for node in model.graph.node for name in node.output}
        self._weights = {each.name: each for each in model.graph.initializer}

    def class_layer(self, output: str) -> tuple[ClassLayer | None, str]:
        """The matrix just before an output, if there is one, and the value before that."""
        value = self._origin(output)
        node = self._makers.get(value)
        if node is None or node.op_type != "Gemm" or not all(name in self._weights for name in node.input[1:]):
            return None, value
        scale = _attributes(node)
        if scale.get("alpha", 1.0) != 1.0 or scale.get("beta", 1.0) != 1.0 or scale.get("transA", 0):
            return None, value
        weights = self._array(node.input[1])
        weights = weights if scale.get("transB", 0) else weights.T
        bias = self._array(node.input[2]) if len(node.input) > 2 else np.zeros(len(weights), np.float32)
        return ClassLayer(weights, np.broadcast_to(bias.ravel(), (len(weights),))), self._origin(node.input[0])

    def map_behind(self, pooled: str) -> tuple[str, Sequence[int]] | None:
        """The value that is averaged over its area, and how its axes must be turned to [N, C, h, w]; None if none."""
        node = self._makers.get(self._origin(pooled))
        if node is None:
            return None
        if node.op_type == "GlobalAveragePool":
            return node.input[0], ()
        if node.op_type == "ReduceMean":
            axes = _attributes(node).get("axes")
            if axes is None and len(node.input) > 1 and node.input[1] in self._weights:
                axes = self._array(node.input[1]).tolist()
            # Networks of photos have four axes, so counting from the end is counting from the front plus four.
            turned = sorted(int(axis) % 4 for axis in axes or ())
            if turned == [2, 3]:
                return node.input[0], ()
            if turned == [1, 2]:
                return node.input[0], (0, 3, 1, 2)
        return None

    def _origin(self, value: str) -> str:
        """The value that is only renamed or reshaped up to here."""
        while (node := self._makers.get(value)) is not None and node.op_type in _PASSING:
            value = node.input[0]
        return value

    def _array(self, name: str) -> NDArray[Any]:
        from onnx import numpy_helper

        return np.asarray(numpy_helper.to_array(self._weights[name]))


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}
