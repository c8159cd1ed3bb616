"""Read an ONNX network as a graph: its nodes in order, constants, shapes, and more of its values as outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

# Operators that hand a constant on in another form, with as many numbers.
_CARRIERS = ("Cast", "DequantizeLinear", "Identity", "QuantizeLinear", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
_SHAPES_ONLY = ("Shape", "Size")


class OnnxGraph:
    """The part of an ONNX network that some of its outputs need.

    Args:
        content: A serialised ONNX model with one photo as its input.
        outputs: Names of the outputs; all by default.
        name: Of the network, for messages.

    Raises:
        FovealError: `network-unreadable`: no ONNX network; `network-mismatch`: not one input of a known size.
    """

    def __init__(self, content: bytes, *, outputs: Sequence[str] | None = None, name: str = "network") -> None:
        import onnx

        try:
            model = onnx.load_from_string(content)
            if model.functions:
                model = onnx.inliner.inline_local_functions(model)
            self._constants = {each.name: each for each in model.graph.initializer}
            self.input = self._fix_input(model, name)
            del model.graph.value_info[:]
            model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        except FovealError:
            raise
        except Exception as error:  # onnx raises its own, protobuf's and OSError
            raise _unreadable(name, error) from error
        self.content = content
        self._name = name
        self.all_outputs = [each.name for each in model.graph.output]
        self.outputs = [each for each in self.all_outputs if outputs is None or each in outputs]
        self._producers = makers_of(model.graph.node)
        self.nodes = self._needed(model.graph.node, self.outputs)
        self._read_shapes(model)

    def needed_for(self, output: str) -> set[str]:
        """Names of all values that an output is computed from, itself included."""
        return needed_values(self._producers, [output])

    def _fix_input(self, model: Any, name: str) -> str:
        """Make it a network for one photo; its input's name."""
        inputs = [each for each in model.graph.input if each.name not in self._constants]
        dims = inputs[0].type.tensor_type.shape.dim if len(inputs) == 1 else []
        if len(dims) == 4:
            dims[0].ClearField("dim_param")
            dims[0].dim_value = 1
        sizes = [each.dim_value for each in dims]
        if len(sizes) != 4 or min(sizes) < 1:
            raise FovealError(
                "network-mismatch",
                f"{name}: expected one input [N, 3, H, W] or [N, H, W, 3] of a fixed size, got "
                + (f"{len(inputs)} inputs" if len(inputs) != 1 else f"{sizes}, where 0 is any size"),
                hint="export it with the size it is used with",
            )
        # What an exporter noted of its outputs may name the batch; all is inferred anew.
        for each in model.graph.output:
            each.type.tensor_type.ClearField("shape")
        return str(inputs[0].name)

    def _needed(self, nodes: Iterable[Any], outputs: Iterable[str]) -> list[Any]:
        """The nodes that matter for the photo: neither unused nor computed of constants and shapes alone."""
        used = needed_values(self._producers, outputs)
        data, kept = {self.input}, []
        for node in nodes:
            if node.op_type in _SHAPES_ONLY or not data & {*node.input} or not used & {*node.output}:
                continue
            data |= {*node.output}
            kept.append(node)
        return kept

    def _read_shapes(self, model: Any) -> None:
        from onnx import helper

        self._shapes: dict[str, tuple[int, ...]] = {}
        self._item_bytes: dict[str, int] = {}
        for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
            kind = value.type.tensor_type
            shape = tuple(each.dim_value if each.HasField("dim_value") else -1 for each in kind.shape.dim)
            if kind.elem_type and kind.HasField("shape") and min(shape, default=1) >= 0:
                self._shapes[value.name] = shape
                self._item_bytes[value.name] = helper.tensor_dtype_to_np_dtype(kind.elem_type).itemsize
        missing = [each for node in self.nodes for each in node.output if each and each not in self._shapes]
        if missing:
            try:
                self._measure_shapes(missing)
            except Exception as error:  # ONNX Runtime raises classes of its own
                raise _unreadable(self._name, error) from error

    def _measure_shapes(self, missing: list[str]) -> None:
        """Run the network once for the shapes that cannot be told beforehand: of operators outside the standard."""
        photo = np.zeros(self.shape(self.input), np.uint8)
        for name, values in zip(missing, run_values(self.content, missing, photo), strict=True):
            self._shapes[name] = values.shape
            self._item_bytes[name] = values.dtype.itemsize

    def shape(self, value: str) -> tuple[int, ...]:
        """Shape of a value for one photo, its batch axis included."""
        return self._shapes[value]

    def rank(self, value: str) -> int:
        """Number of axes of a value; 0 where that is not known."""
        return len(self._shapes.get(value, ()))

    def value_bytes(self, value: str) -> int:
        """Bytes of a value for one photo."""
        return math.prod(self._shapes[value]) * self._item_bytes[value]

    def producer(self, value: str) -> Any:
        """The node that computes a value; None for inputs and constants."""
        return self._producers.get(value)

    def constant_size(self, value: str) -> tuple[str, tuple[int, ...]] | None:
        """The stored tensor behind a constant, by name and shape; None for a value that depends on the photo.

        Where the graph stores weights in another form (quantised, transposed), the stored form is meant.
        """
        tensor = self._stored(value)
        return None if tensor is None else (tensor[0], tuple(tensor[1].dims))

    def _stored(self, value: str) -> tuple[str, Any] | None:
        if value in self._constants:
            return value, self._constants[value]
        node = self._producers.get(value)
        if node is None:
            return None
        if node.op_type == "Constant":
            tensor = attributes(node).get("value")
            return None if tensor is None else (value, tensor)
        return self._stored(node.input[0]) if node.op_type in _CARRIERS else None

    def constant(self, value: str) -> NDArray[Any] | None:
        """The numbers of a constant, quantised weights as the float numbers they stand for; None if it is none."""
        from onnx import numpy_helper

        node = self._producers.get(value)
        if value in self._constants:
            return np.asarray(numpy_helper.to_array(self._constants[value]))
        if node is None:
            return None
        given = attributes(node)
        if node.op_type == "Constant":
            if "value" in given:
                return np.asarray(numpy_helper.to_array(given["value"]))
            return np.asarray(next(iter(given.values())))
        inner = [self.constant(each) for each in node.input]
        if node.op_type not in _CARRIERS or any(each is None for each in inner):
            return None
        return _carried(node.op_type, given, inner)


def makers_of(nodes: Iterable[Any]) -> dict[str, Any]:
    """The node that computes each value, by the value's name."""
    return {output: node for node in nodes for output in node.output if output}


def needed_values(makers: Mapping[str, Any], values: Iterable[str]) -> set[str]:
    """Names of all values that some values are computed from, themselves included.

    Args:
        makers: As `makers_of` gives them.
        values: Names of the values.
    """
    known: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if value not in known:
            known.add(value)
            node = makers.get(value)
            waiting += [] if node is None else [each for each in node.input if each]
    return known


def _unreadable(name: str, error: Exception) -> FovealError:
    return FovealError(
        "network-unreadable",
        f"{name}: expected an ONNX network, got: {(str(error).strip() or repr(error)).splitlines()[0][:200]}",
        hint="check the ONNX file with `python -m onnx.checker`",
    )


def _carried(op: str, given: dict[str, Any], inner: list[Any]) -> NDArray[Any] | None:
    """The constant that a carrier makes of constants; None for one that is not worked out here."""
    values: NDArray[Any] = inner[0]
    if op == "DequantizeLinear":
        return dequantised(values, inner[1], inner[2] if len(inner) > 2 else None, given.get("axis", 1))
    if op == "Transpose":
        return values.transpose(given.get("perm"))
    return values if op in ("Identity", "Cast") else None


def dequantised(values: NDArray[Any], scale: NDArray[Any], zero: NDArray[Any] | None, axis: int) -> NDArray[np.float32]:
    """The float numbers that quantised weights stand for: (values − zero) · scale, along an axis or for all."""
    shape = [-1 if each == axis % values.ndim and scale.size > 1 else 1 for each in range(values.ndim)]
    shifted = values.astype(np.float32) - (0 if zero is None else zero.astype(np.float32).reshape(shape))
    return np.asarray(shifted * scale.astype(np.float32).reshape(shape), np.float32)


def attributes(node: Any) -> dict[str, Any]:
    """Attributes of a node by name; text as `str`."""
    from onnx import helper

    found = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def run_values(content: bytes, values: Sequence[str], photo: NDArray[np.uint8]) -> list[NDArray[Any]]:
    """Compute inner values of a network for one photo.

    Args:
        content: A serialised ONNX model with one input.
        values: Names of the values to compute.
        photo: What the network takes, with its batch axis; converted to the type it takes.

    Returns:
        One array for each name, in that order, batch axis included.
    """
    import onnx
    import onnxruntime

    model = onnx.load_from_string(content)
    known = {each.name for each in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=each) for each in dict.fromkeys(values) if each not in known)
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # One photo is quicker than a pool of threads is made.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
    return [np.asarray(each) for each in session.run(list(values), {given.name: photo.astype(kinds[given.type])})]
