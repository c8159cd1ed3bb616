"""Go through the configuration of a Keras model, functional or sequential, and write each layer as ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from foveal.adopting.keras_layers import write_layer
from foveal.adopting.keras_weights import Weights
from foveal.adopting.keras_writer import Layer, Value, Writer
from foveal.errors import FovealError

_MODELS = ("Functional", "Model", "Sequential")
_DEEPEST = 16
# Calculations between layers: names in Keras 3, and what Keras 2 called them.
_SUMS = {
    "TrueDivide": "Div",
    "Divide": "Div",
    "Subtract": "Sub",
    "Add": "Add",
    "Multiply": "Mul",
    "math.truediv": "Div",
    "math.divide": "Div",
    "math.subtract": "Sub",
    "math.add": "Add",
    "math.multiply": "Mul",
    "__operators__.add": "Add",
}


@dataclass(frozen=True)
class _Reference:
    """The result of a call of a layer."""

    layer: str
    call: int


def input_size(model: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height that a model takes; None where it takes any.

    Args:
        model: Its configuration.

    Raises:
        FovealError: `not-a-classifier`: it does not take one photo in colour.
    """
    shape = _input_shape(model)
    if shape is None or len(shape) != 4 or shape[3] not in (3, None):
        raise FovealError(
            "not-a-classifier",
            f"expected a Keras model of one photo [N, H, W, 3], got {shape or 'an input of no known shape'}",
            hint="call the model once before it is saved, so that its input is known",
        )
    height, width = shape[1:3]
    return (int(width), int(height)) if height and width else None


def _input_shape(model: Mapping[str, Any]) -> Sequence[Any] | None:
    config = model.get("config", {})
    config = {"layers": config} if isinstance(config, list) else config
    given = config.get("batch_shape") or config.get("batch_input_shape") or config.get("build_input_shape")
    layers = config.get("layers") or []
    if layers and not isinstance(given, list):
        named = _flat_references(config["input_layers"]) if "input_layers" in config else []
        first = [layer for layer in layers if layer["config"]["name"] == named[0].layer] if named else layers[:1]
        return _input_shape(first[0]) if first else None
    return given


def write_model(model: Mapping[str, Any], weights: Weights, size_wh: tuple[int, int]) -> tuple[bytes, str]:
    """Write a model as ONNX.

    Args:
        model: Its configuration.
        weights: Its weights.
        size_wh: Width and height of the photos it takes.

    Returns:
        The serialised network, float [N, 3, H, W] in, and the name of its output.

    Raises:
        FovealError: `layer-unknown`.
    """
    w = Writer(size_wh, str(model.get("keras_version") or model.get("config", {}).get("keras_version", "")))
    return w.content(_write(w, model, weights, [w.input], 0))


def _write(w: Writer, model: Mapping[str, Any], weights: Weights, inputs: list[Value], depth: int) -> Value:
    if depth > _DEEPEST:
        raise ValueError("models nested too deeply")
    config = model["config"]
    config = {"layers": config} if isinstance(config, list) else config
    layers: list[Mapping[str, Any]] = config["layers"]
    weights.begin(layers)
    if model["class_name"] == "Sequential":
        (value,) = inputs
        for layer in layers:
            value = _apply(w, layer, weights, [value], depth)
        return value
    return _functional(w, config, layers, weights, inputs, depth)


def _functional(
    w: Writer,
    config: Mapping[str, Any],
    layers: list[Mapping[str, Any]],
    weights: Weights,
    inputs: list[Value],
    depth: int,
) -> Value:
    given, wanted = _flat_references(config["input_layers"]), _flat_references(config["output_layers"])
    if len(given) != len(inputs) or len(wanted) != 1:
        raise FovealError(
            "not-a-classifier",
            f"expected a Keras model with {len(inputs)} input and one output, got {len(given)} and {len(wanted)}",
            hint="save the part of the model that classifies photos",
        )
    known = dict(zip(given, inputs, strict=True))
    calls = {
        _Reference(str(layer["config"]["name"]), number): (layer, _arguments(call))
        for layer in layers
        for number, call in enumerate(layer.get("inbound_nodes", ()))
        if layer["class_name"] != "InputLayer"
    }
    waiting = [wanted[0]]
    # Depth first without recursion: networks are deeper than Python's stack.
    pending: set[_Reference] = set()
    while waiting:
        now = waiting[-1]
        if now in known:
            waiting.pop()
            continue
        layer, arguments = calls[now]
        missing = [each for each in arguments if isinstance(each, _Reference) and each not in known]
        if not missing:
            values = [known[each] if isinstance(each, _Reference) else each for each in arguments]
            known[now] = _apply(w, layer, weights, values, depth)
        elif now in pending:
            raise ValueError("layers that wait for each other")
        else:
            pending.add(now)
            waiting += missing
    return known[wanted[0]]


def _apply(w: Writer, layer: Mapping[str, Any], weights: Weights, arguments: list[Any], depth: int) -> Value:
    kind = str(layer["class_name"]).rpartition(">")[2]
    inputs = [each for each in arguments if isinstance(each, Value)]
    if kind in _MODELS:
        return _write(w, layer, weights.inside(layer), inputs, depth + 1)
    config = layer["config"]
    seen = Layer(kind, config, partial(weights.of, layer))
    operator = str(config.get("function", "")) if kind in ("TFOpLambda", "SlicingOpLambda") else kind
    if operator in _SUMS and len(inputs) < len(arguments):
        return _sum(w, seen, _SUMS[operator], arguments)
    if kind == "Concatenate" and len(inputs) < len(arguments):
        raise seen.refuse("Concatenate with a constant")
    if operator in _SUMS and kind not in ("Add", "Multiply", "Subtract"):
        if len(inputs) != 2:
            raise seen.refuse(f"a calculation {operator}")
        shape = np.broadcast_shapes(inputs[0].shape, inputs[1].shape)
        return w.node(_SUMS[operator], [each.name for each in inputs], shape)
    return write_layer(w, seen, inputs)


def _sum(w: Writer, layer: Layer, operator: str, arguments: list[Any]) -> Value:
    """A calculation with a constant, as preprocessing inside a model is made of."""
    (x,) = [each for each in arguments if isinstance(each, Value)]
    if len(arguments) != 2:
        raise layer.refuse(f"a calculation {operator} of {len(arguments)} values")
    names = [each.name if isinstance(each, Value) else w.along_channels(x, _constant(each)) for each in arguments]
    return w.node(operator, names, x.shape)


def _constant(value: Any) -> Any:
    """Numbers of a configuration, as they are or in a dict that describes an array."""
    if isinstance(value, Mapping):
        inner = value.get("config", value)
        value = inner.get("value", inner) if isinstance(inner, Mapping) else inner
    return np.asarray(value, np.float32)


def _arguments(call: Any) -> list[Any]:
    """What a layer is called with: references to calls of others, and constants, in order."""
    if isinstance(call, Mapping):
        return [*_walk(call["args"]), *_tensors_in(call.get("kwargs", {}))]
    found: list[Any] = []
    entries = call if call and isinstance(call[0], list) else [call]
    for name, number, value, *rest in entries:
        found.append(value if name == "_CONSTANT_VALUE" else _Reference(str(name), int(number)))
        extra = rest[0] if rest and isinstance(rest[0], dict) else {}
        # Keras 2 hands the second operand of a calculation over by name.
        found += [_from_list(extra["y"])] if "y" in extra else []
    return found


def _from_list(value: Any) -> Any:
    named = isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)
    return _Reference(value[0], int(value[1])) if named else value


def _walk(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        layer, number, _ = value["config"]["keras_history"]
        return [_Reference(str(layer), int(number))]
    tensors = isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value)
    return [found for each in value for found in _walk(each)] if tensors else [value]


def _tensors_in(value: Mapping[str, Any]) -> list[Any]:
    return [each for item in value.values() for each in _walk(item) if isinstance(each, _Reference)]


def _flat_references(given: Any) -> list[_Reference]:
    """["name", 0, 0], or a list or dict of such."""
    if isinstance(given, Mapping):
        given = list(given.values())
    entries = [given] if given and isinstance(given[0], str) else given
    return [_Reference(str(name), int(number)) for name, number, *_ in entries]
