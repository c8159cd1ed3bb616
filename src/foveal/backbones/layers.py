"""The layers of any ONNX network: what each does, how large it is, what it costs, and how much of the photo it sees."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

from foveal.backbones.field_trace import FieldTrace
from foveal.backbones.onnx_graph import OnnxGraph, attributes
from foveal.backbones.sliding_window import window_of
from foveal.types.layers import Layer, LayerTable, Window

_CONVOLUTIONS = ("Conv", "ConvInteger", "ConvTranspose", "QLinearConv")
_POOLINGS = ("AveragePool", "LpPool", "MaxPool", "QLinearAveragePool")
_KINDS = {
    **dict.fromkeys(_CONVOLUTIONS, "conv"),
    "ConvTranspose": "transposed conv",
    **dict.fromkeys(("AveragePool", "QLinearAveragePool"), "average pool"),
    "LpPool": "p-norm pool",
    "MaxPool": "max pool",
    **dict.fromkeys(("GlobalAveragePool", "QLinearGlobalAveragePool"), "global average pool"),
    "GlobalMaxPool": "global max pool",
    **dict.fromkeys(("Gemm", "MatMul", "MatMulInteger", "QGemm", "QLinearMatMul"), "linear"),
    **dict.fromkeys(("Add", "QLinearAdd"), "add"),
    **dict.fromkeys(("Concat", "QLinearConcat"), "concat"),
    "BatchNormalization": "batch norm",
    "DequantizeLinear": "dequantise",
    "QuantizeLinear": "quantise",
    "Mul": "multiply",
    "Sub": "subtract",
}
# Where the weights stand among the inputs, when not second.
_WEIGHTS_AT = {"QLinearConv": 3, "QLinearMatMul": 3, "QGemm": 3}
# Layers whose further inputs say how to compute and are not learnt.
_SETTINGS_ONLY = (
    *("Clip", "DequantizeLinear", "Expand", "Gather", "Pad", "QuantizeLinear", "ReduceMean", "ReduceSum"),
    *("Reshape", "Resize", "Slice", "Split", "Squeeze", "Tile", "Unsqueeze", "Upsample"),
)
# Scales and zero points among the inputs of quantised operators, by their places.
_SCALES_AT = {
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
    "QGemm": (1, 2, 4, 5, 7, 8),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
}
# With fewer stages than this a network's outputs say little about where its stages end.
_FEWEST_STAGES = 3


def read_layers(content: bytes, *, name: str, outputs: Sequence[str] | None = None, where: str = "") -> LayerTable:
    """Read the layer table of a network file.

    Stages are the layers up to each of its pooled outputs, where it has several at different depths; otherwise those
    of one size of map.

    Args:
        content: A serialised ONNX model that takes one photo.
        name: Of the network.
        outputs: Only the layers that these outputs need; all by default.
        where: The file, for messages; its name where there is none.

    Raises:
        FovealError: `network-unreadable`, `network-mismatch`.
    """
    graph = OnnxGraph(content, outputs=outputs, name=where or name)
    reader = _Reader(graph)
    layers = [reader.layer(node, number) for number, node in enumerate(graph.nodes)]
    size_hw = reader.trace.input_hw
    return LayerTable(
        name=name,
        size_hw=(size_hw[0], size_hw[1]),
        layers=_staged(layers, graph),
        peak_activation_bytes=_peak_bytes(graph),
        file_bytes=len(content),
    )


class _Reader:
    """Turns nodes into layers, in the order of the graph."""

    def __init__(self, graph: OnnxGraph) -> None:
        self.graph = graph
        self.trace = FieldTrace(graph)
        self._counted: set[str] = set()
        self._begun = False

    def layer(self, node: Any, number: int) -> Layer:
        """The layer of a node; its stage is filled in when all are known."""
        given = attributes(node)
        weights = self._weights(node)
        window = self._window(node, given, weights)
        shape = self.graph.shape(node.output[0])
        data = next(each for each in node.input if each in self.trace)
        self.trace.add(node, given, window)
        field = self.trace.field(node.output[0])
        self._begun = self._begun or weights is not None
        return Layer(
            name=node.name or f"{node.op_type.lower()}_{number}",
            op=node.op_type,
            kind=self._kind(node, given, weights),
            stage="",
            output=node.output[0],
            input_shape=self.graph.shape(data)[1:],
            output_shape=shape[1:],
            channels=self.trace.channels(node.output[0]),
            size_hw=self.trace.size(node.output[0]),
            window=window,
            groups=_groups(node, given),
            field=field,
            parameters=self._parameters(node),
            macs=self._macs(node, weights, window),
            activation_bytes=self.graph.value_bytes(node.output[0]),
        )

    def _weights(self, node: Any) -> tuple[int, ...] | None:
        """Shape of the weights of a convolution or linear layer, as they stand in the graph."""
        if _KINDS.get(node.op_type) not in ("conv", "transposed conv", "linear"):
            return None
        found = self.graph.constant_size(node.input[_WEIGHTS_AT.get(node.op_type, 1)])
        return None if found is None else found[1]

    def _window(self, node: Any, given: dict[str, Any], weights: tuple[int, ...] | None) -> Window | None:
        if node.op_type in _CONVOLUTIONS and weights is not None:
            kernel = tuple(given.get("kernel_shape", weights[2:]))
        elif node.op_type in _POOLINGS:
            kernel = tuple(given["kernel_shape"])
        else:
            return None
        # Poolings of ONNX Runtime's own may keep the channels last.
        shape = self.graph.shape(node.input[0])
        size = shape[1:-1] if given.get("channels_last") else self.trace.size(node.input[0])
        return window_of(given, kernel, size or shape[2:], transposed=node.op_type == "ConvTranspose")

    def _kind(self, node: Any, given: dict[str, Any], weights: tuple[int, ...] | None) -> str:
        if node.op_type in ("Conv", "ConvInteger", "QLinearConv") and _groups(node, given) > 1:
            channels = self.graph.shape(node.input[0])[1]
            return "depthwise conv" if _groups(node, given) == channels else "grouped conv"
        if _KINDS.get(node.op_type) == "linear" and weights is None:
            return "matrix product"
        if node.op_type == "Clip" and self._bounds(node, given) == (0, 6):
            return "relu6"
        return _KINDS.get(node.op_type, self.trace.kind(node, given) or node.op_type.lower())

    def _bounds(self, node: Any, given: dict[str, Any]) -> tuple[float | None, float | None]:
        """Lower and upper bound of a Clip: attributes in old networks, constant inputs since."""
        stored = [self.graph.constant(each) if each else None for each in node.input[1:]]
        found = [None if each is None else float(each.reshape(())) for each in stored] + [None, None]
        return given.get("min", found[0]), given.get("max", found[1])

    def _parameters(self, node: Any) -> int:
        """Learnt numbers that the layer brings; what only prepares the photo or says how to compute is not learnt."""
        if node.op_type in _SETTINGS_ONLY or not self._begun:
            return 0
        settings = _SCALES_AT.get(node.op_type, ())
        # Mean and variance of a batch norm are statistics.
        places = node.input[:3] if node.op_type == "BatchNormalization" else node.input
        total = 0
        for place, value in enumerate(places):
            found = self.graph.constant_size(value) if value and place not in settings else None
            if found is not None and found[0] not in self._counted:
                count = math.prod(found[1])
                self._counted.add(found[0])
                # A lone number is a constant of the arithmetic: a divisor, an exponent.
                total += count if count > 1 or self._weights(node) is not None else 0
        return total

    def _macs(self, node: Any, weights: tuple[int, ...] | None, window: Window | None) -> int:
        out = self.graph.shape(node.output[0])
        if window is not None and weights is not None:
            # Each weight is used once at every position: of the output, or of the input where they changed places.
            positions = self.graph.shape(node.input[0])[2:] if window.transposed else out[2:]
            return math.prod(weights) * math.prod(positions)
        if _KINDS.get(node.op_type) != "linear":
            return 0
        inner = self.graph.shape(node.input[0])
        return math.prod(out) * inner[-2 if node.op_type == "Gemm" and attributes(node).get("transA") else -1]


def _groups(node: Any, given: dict[str, Any]) -> int:
    return int(given.get("group", 1)) if node.op_type in _CONVOLUTIONS else 1


def _staged(layers: list[Layer], graph: OnnxGraph) -> tuple[Layer, ...]:
    """The layers with their stages."""
    first = next((at for at, layer in enumerate(layers) if layer.convolves), 0)
    names = _by_output(graph)
    ends = {name for layer, name in zip(layers, names, strict=True) if layer.convolves}
    if len(ends) < _FEWEST_STAGES:
        names = _by_size(layers)
    names = ["input" if at < first else name for at, name in enumerate(names)]
    return tuple(dataclasses.replace(layer, stage=name) for layer, name in zip(layers, names, strict=True))


def _by_output(graph: OnnxGraph) -> list[str]:
    """The first pooled output that needs a layer; for what none of them needs, the stage it comes from.

    Outputs that nobody asked for end stages too: where stages end is the network's, not the caller's.
    """
    needs = {name: graph.needed_for(name) for name in graph.all_outputs}
    pooled = [name for name in graph.all_outputs if graph.rank(name) == 2] or graph.all_outputs
    # An output that needs fewer values comes earlier.
    pooled.sort(key=lambda name: len(needs[name]))
    found: dict[str, str] = {}
    for node in graph.nodes:
        value = node.output[0]
        before = next((found[each] for each in node.input if each in found), pooled[0])
        found[value] = next((name for name in pooled if value in needs[name]), before)
    return [found[node.output[0]] for node in graph.nodes]


def _by_size(layers: Sequence[Layer]) -> list[str]:
    """A stage for each run of maps of one size; what is no map belongs to the head, once there was one."""
    names, seen = [], ""
    last = max((at for at, layer in enumerate(layers) if layer.size_hw and max(layer.size_hw) > 1), default=-1)
    for at, layer in enumerate(layers):
        if layer.size_hw and max(layer.size_hw) > 1:
            seen = "×".join(map(str, layer.size_hw))
        names.append("head" if at > last else seen or "input")
    return names


def _peak_bytes(graph: OnnxGraph) -> int:
    """The most bytes of values that are needed at one time, each forgotten after its last use.

    An operator on single numbers writes over its input where nobody else needs it.
    """
    uses = [set(node.input) for node in graph.nodes]
    last = {value: at for at, inputs in enumerate(uses) for value in inputs}
    kept = set(graph.outputs)
    alive, peak = {graph.input: graph.value_bytes(graph.input)}, 0
    for at, node in enumerate(graph.nodes):
        outputs = [each for each in node.output if each and (each in last or each in kept)]
        over = [each for each in node.input if each in alive and last[each] == at and each not in kept]
        same = len(outputs) == 1 and [e for e in over if graph.value_bytes(e) == graph.value_bytes(outputs[0])]
        in_place = same if same and FieldTrace.pointwise(node.op_type) else []
        for each in in_place[:1]:
            del alive[each]
        alive |= {each: graph.value_bytes(each) for each in outputs}
        peak = max(peak, sum(alive.values()))
        for each in itertools.filterfalse(kept.__contains__, over):
            alive.pop(each, None)
    return peak
