"""The activations of Keras, each as ONNX nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from foveal.adopting.keras_writer import Layer, Value, Writer

_SIMPLE = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "elu": "Elu",
    "selu": "Selu",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "exponential": "Exp",
    "exp": "Exp",
}


def activated(w: Writer, layer: Layer, x: Value, activation: object) -> Value:
    """A value behind an activation, named or described as in a configuration; None is none.

    Raises:
        FovealError: `layer-unknown`.
    """
    if isinstance(activation, Mapping):
        return _described(w, layer, x, activation)
    name = "linear" if activation is None else str(activation)
    if name in _SIMPLE:
        return w.node(_SIMPLE[name], [x.name], x.shape)
    if name not in _OTHERS:
        raise layer.refuse(f"the activation {name!r}")
    return _OTHERS[name](w, x)


def _described(w: Writer, layer: Layer, x: Value, activation: Mapping[str, Any]) -> Value:
    """An activation as an object of a configuration: a function of Keras by its name, or a layer."""
    inner, kind = activation.get("config"), str(activation.get("class_name"))
    registered = activation.get("registered_name")
    if kind == "function" and isinstance(inner, str) and registered in (None, inner):
        return activated(w, layer, x, inner)
    if isinstance(inner, Mapping) and kind in ("ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"):
        return activation_layer(w, Layer(kind, inner, layer.get), x)
    raise layer.refuse(f"the activation {registered or kind}, which is code of its own")


def activation_layer(w: Writer, layer: Layer, x: Value) -> Value:
    """The layers that are nothing but an activation.

    Raises:
        FovealError: `layer-unknown`.
    """
    config = layer.config
    if layer.kind == "Activation":
        return activated(w, layer, x, config["activation"])
    if layer.kind == "Softmax":
        if config.get("axis", -1) not in (-1, len(x.shape)):
            raise layer.refuse(f"a softmax over axis {config['axis']}")
        return activated(w, layer, x, "softmax")
    if layer.kind == "ELU":
        return w.node("Elu", [x.name], x.shape, alpha=float(config.get("alpha", 1.0)))
    if layer.kind == "LeakyReLU":
        slope = config.get("negative_slope", config.get("alpha", 0.3))
        return w.node("LeakyRelu", [x.name], x.shape, alpha=_number(slope))
    if layer.kind == "PReLU":
        alpha = layer.get(("alpha",))["alpha"]
        return w.node("PRelu", [x.name, w.weight(alpha.transpose(2, 0, 1) if x.is_map else alpha)], x.shape)
    return _relu(w, layer, x)


def _relu(w: Writer, layer: Layer, x: Value) -> Value:
    if layer.config.get("threshold") and _number(layer.config["threshold"]):
        raise layer.refuse("a ReLU with a threshold")
    slope, most = layer.config.get("negative_slope") or 0.0, layer.config.get("max_value")
    if not _number(slope):
        return w.node("Relu", [x.name], x.shape) if most is None else clipped(w, x, 0, _number(most))
    leaky = w.node("LeakyRelu", [x.name], x.shape, alpha=_number(slope))
    return leaky if most is None else clipped(w, leaky, -3.4e38, _number(most))


def clipped(w: Writer, x: Value, low: float, high: float) -> Value:
    """min(max(x, low), high)."""
    limits = [w.weight(np.array(each, np.float32)) for each in (low, high)]
    return w.node("Clip", [x.name, *limits], x.shape)


def _number(value: Any) -> float:
    """A number of a configuration, which Keras 2 may have written as an array in a dict."""
    if isinstance(value, Mapping):
        value = value.get("value", value.get("config"))
    return float(np.asarray(value, np.float32).ravel()[0])


def _times(w: Writer, x: Value, y: Value) -> Value:
    return w.node("Mul", [x.name, y.name], x.shape)


def _hard_sigmoid(w: Writer, x: Value) -> Value:
    """Keras 3 took over the slope of other libraries, 1/6 in place of 1/5."""
    return w.node("HardSigmoid", [x.name], x.shape, alpha=0.2 if w.old else 1 / 6, beta=0.5)


def _swish(w: Writer, x: Value) -> Value:
    return _times(w, x, w.node("Sigmoid", [x.name], x.shape))


def _hard_swish(w: Writer, x: Value) -> Value:
    return _times(w, x, w.node("HardSigmoid", [x.name], x.shape, alpha=1 / 6, beta=0.5))


def _gelu(w: Writer, x: Value) -> Value:
    """x·Φ(x) by the error function (Hendrycks & Gimpel, arXiv:1606.08415)."""
    scaled = w.node("Mul", [x.name, w.weight(np.array(1 / math.sqrt(2), np.float32))], x.shape)
    erf = w.node("Erf", [scaled.name], x.shape)
    shifted = w.node("Add", [erf.name, w.weight(np.array(1, np.float32))], x.shape)
    halved = w.node("Mul", [shifted.name, w.weight(np.array(0.5, np.float32))], x.shape)
    return _times(w, x, halved)


_OTHERS: dict[str, Callable[[Writer, Value], Value]] = {
    "gelu": _gelu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_swish,
    "hard_swish": _hard_swish,
    "leaky_relu": lambda w, x: w.node("LeakyRelu", [x.name], x.shape, alpha=0.2),
    "linear": lambda _, x: x,
    "relu6": lambda w, x: clipped(w, x, 0, 6),
    "silu": _swish,
    "softmax": lambda w, x: w.node("Softmax", [x.name], x.shape, axis=1 if x.is_map else -1),
    "swish": _swish,
}
