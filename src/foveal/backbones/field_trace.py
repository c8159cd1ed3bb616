"""Follow what each value of a network can see of the photo, node by node."""

from __future__ import annotations

from typing import Any

from foveal.backbones.onnx_graph import OnnxGraph
from foveal.backbones.receptive_field import padded, resized, through, together, whole
from foveal.types.layers import Field, Window

_GLOBAL = ("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "QLinearGlobalAveragePool")
_REDUCING = ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")
_FLATTENING = ("Flatten", "Reshape", "Squeeze")
_RESIZING = ("Resize", "Upsample")
# Positions of the old map that a new one mixes, along an axis.
_TAPS = {"nearest": 1, "linear": 2, "cubic": 4}
# Operators in which positions meet in ways that are not followed here.
_MIXING = (
    "Attention",
    "DepthToSpace",
    "Einsum",
    "Expand",
    "Gather",
    "GatherElements",
    "GatherND",
    "GridSample",
    "InstanceNormalization",
    "LayerNormalization",
    "MatMul",
    "MatMulInteger",
    "MultiHeadAttention",
    "QLinearMatMul",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Tile",
)
_PRODUCTS = ("MatMul", "MatMulInteger", "QLinearMatMul")
_POINTWISE = (
    *("Abs", "Add", "BatchNormalization", "Cast", "Ceil", "Clip", "DequantizeLinear", "Div", "Dropout", "Elu", "Erf"),
    *("Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Mish", "Mul", "Neg"),
    *("PRelu", "Pow", "QLinearAdd", "QLinearLeakyRelu", "QLinearMul", "QLinearSigmoid", "QuantizeLinear"),
    *("Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Sub", "Tanh"),
)


class FieldTrace:
    """The field of every value seen so far, and which of its axes are height and width.

    Args:
        graph: The network; its input is [N, H, W, 3], or else [N, C, H, W].
    """

    def __init__(self, graph: OnnxGraph) -> None:
        self._graph = graph
        shape = graph.shape(graph.input)
        axes = (1, 2) if shape[-1] == 3 and shape[1] != 3 else (2, 3)
        pixel = Field(size=(1, 1), jump=(1.0, 1.0), start=(0.0, 0.0))
        self._fields: dict[str, Field | None] = {graph.input: pixel}
        self._axes: dict[str, tuple[int, ...]] = {graph.input: axes}
        self.input_hw = tuple(shape[axis] for axis in axes)

    def __contains__(self, value: str) -> bool:
        return value in self._fields

    def field(self, value: str) -> Field | None:
        """What a position of a value can see; None where that is not known."""
        return self._fields[value]

    def size(self, value: str) -> tuple[int, ...] | None:
        """Height and width of a value; None where it is no map."""
        axes = self._axes.get(value)
        return None if axes is None else tuple(self._graph.shape(value)[axis] for axis in axes)

    def channels(self, value: str) -> int | None:
        """Channels of a value: the axis of a map that is neither photo nor place, the last one of a vector."""
        shape, axes = self._graph.shape(value), self._axes.get(value)
        if axes is None:
            return shape[-1] if len(shape) in (2, 3) else None
        return next((shape[axis] for axis in range(1, len(shape)) if axis not in axes), 1)

    @staticmethod
    def pointwise(op: str) -> bool:
        """Whether an operator takes every number for itself."""
        return op in _POINTWISE

    def kind(self, node: Any, given: dict[str, Any]) -> str | None:
        """A name for a mean over height and width, which is a pooling; None for what needs no other name."""
        axes = self._axes.get(node.input[0])
        return (
            "global average pool"
            if node.op_type == "ReduceMean" and axes and self._sums_up(node, given, axes)
            else None
        )

    def add(self, node: Any, given: dict[str, Any], window: Window | None) -> None:
        """Take in the next node, with its attributes and, where it has one, its window."""
        inputs = [each for each in node.input if each in self._fields]
        field, axes = self._step(node, given, window, inputs)
        for output in node.output:
            if output:
                self._fields[output] = field
                if axes is not None and max(axes) < len(self._graph.shape(output)):
                    self._axes[output] = axes

    def _step(
        self, node: Any, given: dict[str, Any], window: Window | None, inputs: list[str]
    ) -> tuple[Field | None, tuple[int, ...] | None]:
        first = inputs[0]
        field, axes = self._fields[first], self._axes.get(first)
        size = self.size(first)
        if field is None or any(self._fields[each] is None for each in inputs):
            # A convolution's output is a map whatever its input is called; what is done number by number keeps one.
            kept = axes if self.pointwise(node.op_type) or node.op_type in _GLOBAL else None
            return None, (2, 3) if window is not None else kept
        if window is not None:
            return through(field, window), axes
        if axes is None or size is None:
            # A vector sees what it was made of, whatever is done to it.
            return together([self._fields[each] or field for each in inputs]), self._widest(inputs)
        return self._mapped(node, given, inputs, field, size, axes)

    def _mapped(
        self,
        node: Any,
        given: dict[str, Any],
        inputs: list[str],
        field: Field,
        size: tuple[int, ...],
        axes: tuple[int, ...],
    ) -> tuple[Field | None, tuple[int, ...] | None]:
        """From a map, by what operators do to its places."""
        if node.op_type == "Transpose":
            perm = list(given.get("perm", range(self._graph.rank(inputs[0]))[::-1]))
            return field, tuple(perm.index(axis) for axis in axes)
        flat = node.op_type in _FLATTENING and self._graph.rank(node.output[0]) == 2
        if flat or node.op_type in _GLOBAL or self._sums_up(node, given, axes):
            return whole(field, size), axes if given.get("keepdims", 1) and not flat else None
        if node.op_type in _RESIZING:
            new = tuple(self._graph.shape(node.output[0])[axis] for axis in axes)
            return resized(field, size, new, taps=_TAPS.get(given.get("mode", "nearest"), 2)), axes
        if node.op_type == "Pad":
            pads = given.get("pads") or self._constant(node.input[1])
            return (None if pads is None else padded(field, tuple(int(pads[axis]) for axis in axes))), axes
        return self._placed(node, given, inputs, axes)

    def _placed(
        self, node: Any, given: dict[str, Any], inputs: list[str], axes: tuple[int, ...]
    ) -> tuple[Field | None, tuple[int, ...] | None]:
        """From maps to a map, each position from its own; None where positions meet in ways not followed here."""
        field = self._fields[inputs[0]]
        old_shape, shape = self._graph.shape(inputs[0]), self._graph.shape(node.output[0])
        old = tuple(old_shape[axis] for axis in axes)
        if node.op_type == "Reshape" and shape[-len(old) :] == old and axes[-1] == len(old_shape) - 1:
            # Channels put into groups, to be shuffled.
            return field, tuple(range(len(shape) - len(old), len(shape)))
        if node.op_type in _FLATTENING or len(shape) <= max(axes):
            return None, None
        new = tuple(shape[axis] for axis in axes)
        # Channels cut or gathered leave places as they are; places cut do not.
        moved = node.op_type in _MIXING and new != old
        along = node.op_type == "Concat" and given["axis"] % len(shape) in axes
        if moved or along or (node.op_type in _PRODUCTS and axes == (2, 3)):
            return None, None
        # A summary of a whole map that is laid over another map is no place of it.
        maps = [value for value in inputs if max(self.size(value) or (1,)) > 1] or inputs
        fields = [each for value in maps if (each := self._fields[value]) is not None]
        return together(fields, gated=len(maps) < len(inputs)), self._widest(maps)

    def _sums_up(self, node: Any, given: dict[str, Any], axes: tuple[int, ...]) -> bool:
        """Whether a node reduces height and width to one number."""
        return node.op_type in _REDUCING and {*axes} <= {*self._reduced(node, given)}

    def _widest(self, inputs: list[str]) -> tuple[int, ...] | None:
        """Height and width axes of the first input that is a map."""
        return next((self._axes[each] for each in inputs if each in self._axes), None)

    def _reduced(self, node: Any, given: dict[str, Any]) -> list[int]:
        """Axes that a reduction sums over: an attribute in old networks, an input since."""
        axes = given.get("axes")
        if axes is None and len(node.input) > 1 and node.input[1]:
            axes = self._constant(node.input[1])
        rank = len(self._graph.shape(node.input[0]))
        return [*range(rank)] if axes is None else [int(axis) % rank for axis in axes]

    def _constant(self, value: str) -> list[int] | None:
        stored = self._graph.constant(value)
        return None if stored is None else [int(each) for each in stored.reshape(-1)]
