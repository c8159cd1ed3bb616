"""The layers of Keras image classifiers with weights, each as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foveal.adopting.keras_activations import activated, activation_layer
from foveal.adopting.keras_shapes import (
    cropped,
    flattened,
    global_pool,
    merged,
    padded,
    permuted,
    pool,
    reshaped,
    resized,
    upsampled,
)
from foveal.adopting.keras_writer import Layer, Value, Writer
from foveal.backbones.graph import same_padding

_Write = Callable[[Writer, Layer, list[Value]], Value]

# What these do they do in training only.
_IDLE = {
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "InputLayer",
    "SpatialDropout2D",
    "StochasticDepth",
}


def write_layer(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """Write a layer.

    Args:
        w: Where to.
        layer: The layer.
        inputs: What it is applied to.

    Returns:
        Its result.

    Raises:
        FovealError: `layer-unknown`.
    """
    if layer.config.get("data_format") == "channels_first":
        raise layer.refuse("a layer with the channels first")
    if layer.kind in _IDLE or layer.kind.startswith("Random"):
        return inputs[0]
    write = _WRITERS.get(layer.kind)
    if write is None:
        what = "a Lambda, which is code" if layer.kind == "Lambda" else f"a layer {layer.kind}"
        raise layer.refuse(what)
    return write(w, layer, inputs)


def pair(value: Any) -> tuple[int, int]:
    """Two whole numbers of a configuration, which may say one for both."""
    first, second = (value, value) if isinstance(value, int) else value
    return int(first), int(second)


def _convolve(w: Writer, layer: Layer, x: Value, kernel: np.ndarray[Any, Any], bias: Any, groups: int) -> Value:
    """A convolution with weights [out, in / groups, kh, kw]."""
    height, width, _ = x.shape
    strides, dilations = pair(layer.config.get("strides", 1)), pair(layer.config.get("dilation_rate", 1))
    spans = [(size - 1) * gap + 1 for size, gap in zip(kernel.shape[2:], dilations, strict=True)]
    padding = layer.config.get("padding", "valid")
    if padding not in ("valid", "same"):
        raise layer.refuse(f"the padding {padding!r}")
    pads = [(0, 0), (0, 0)]
    if padding == "same":
        sides = zip((height, width), spans, strides, strict=True)
        pads = [same_padding(size, span, stride) for size, span, stride in sides]
    sizes = [
        (size + sum(pad) - span) // stride + 1
        for size, pad, span, stride in zip((height, width), pads, spans, strides, strict=True)
    ]
    inputs = [x.name, w.weight(kernel), *([] if bias is None else [w.weight(bias)])]
    return w.node(
        "Conv",
        inputs,
        (*sizes, len(kernel)),
        kernel_shape=list(kernel.shape[2:]),
        strides=list(strides),
        dilations=list(dilations),
        pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        group=groups,
    )


def _names(layer: Layer, *kernels: str) -> tuple[str, ...]:
    return (*kernels, "bias") if layer.config.get("use_bias", True) else kernels


def _conv(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    found = layer.get(_names(layer, "kernel"))
    groups = int(layer.config.get("groups", 1))
    y = _convolve(w, layer, inputs[0], found["kernel"].transpose(3, 2, 0, 1), found.get("bias"), groups)
    return activated(w, layer, y, layer.config.get("activation"))


def _depthwise(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    found = layer.get(_names(layer, "kernel|depthwise_kernel"))
    kernel = _by_channel(found["kernel|depthwise_kernel"])
    y = _convolve(w, layer, inputs[0], kernel, found.get("bias"), inputs[0].shape[2])
    return activated(w, layer, y, layer.config.get("activation"))


def _separable(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    found = layer.get(_names(layer, "depthwise_kernel", "pointwise_kernel"))
    y = _convolve(w, layer, inputs[0], _by_channel(found["depthwise_kernel"]), None, inputs[0].shape[2])
    point = Layer(layer.kind, {"name": layer.name}, layer.get)
    y = _convolve(w, point, y, found["pointwise_kernel"].transpose(3, 2, 0, 1), found.get("bias"), 1)
    return activated(w, layer, y, layer.config.get("activation"))


def _by_channel(kernel: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """[kh, kw, in, multiplier] as [in · multiplier, 1, kh, kw]."""
    return kernel.transpose(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])


def _dense(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    (x,) = inputs
    found = layer.get(_names(layer, "kernel"))
    kernel, bias = found["kernel"], found.get("bias")
    shape = (*x.shape[:-1], kernel.shape[1])
    if x.is_map:
        y = _convolve(w, Layer("Dense", {"name": layer.name}, layer.get), x, kernel.T[:, :, None, None], bias, 1)
    elif len(x.shape) == 1:
        y = w.node("Gemm", [x.name, w.weight(kernel), *([] if bias is None else [w.weight(bias)])], shape)
    else:
        y = w.node("MatMul", [x.name, w.weight(kernel)], shape)
        y = y if bias is None else w.node("Add", [y.name, w.weight(bias)], shape)
    return activated(w, layer, y, layer.config.get("activation"))


def _batch_norm(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    (x,) = inputs
    axis = layer.config.get("axis", -1)
    if (axis[0] if isinstance(axis, list) else axis) not in (-1, len(x.shape)):
        raise layer.refuse(f"a normalisation along axis {axis}")
    learnt = [name for name, wanted in (("gamma", "scale"), ("beta", "center")) if layer.config.get(wanted, True)]
    found = layer.get((*learnt, "moving_mean", "moving_variance"))
    columns = len(found["moving_mean"])
    gamma, beta = found.get("gamma", np.ones(columns)), found.get("beta", np.zeros(columns))
    numbers = [w.weight(each) for each in (gamma, beta, found["moving_mean"], found["moving_variance"])]
    epsilon = float(layer.config.get("epsilon", 1e-3))
    return w.node("BatchNormalization", [x.name, *numbers], x.shape, epsilon=epsilon)


def _layer_norm(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    (x,) = inputs
    axis = layer.config.get("axis", -1)
    if (axis[0] if isinstance(axis, list) else axis) not in (-1, len(x.shape)) or layer.config.get("rms_scaling"):
        raise layer.refuse(f"a layer normalisation along axis {axis}")
    learnt = [name for name, wanted in (("gamma", "scale"), ("beta", "center")) if layer.config.get(wanted, True)]
    found = layer.get(learnt)
    axes = {"axes": [1 if x.is_map else len(x.shape)], "keepdims": 1}
    one = (*x.shape[:-1], 1)
    centred = w.node("Sub", [x.name, w.node("ReduceMean", [x.name], one, **axes).name], x.shape)
    square = w.node("Mul", [centred.name, centred.name], x.shape)
    variance = w.node("ReduceMean", [square.name], one, **axes)
    epsilon = w.weight(np.array(layer.config.get("epsilon", 1e-3), np.float32))
    deviation = w.node("Sqrt", [w.node("Add", [variance.name, epsilon], one).name], one)
    y = w.node("Div", [centred.name, deviation.name], x.shape)
    for name, operator in (("gamma", "Mul"), ("beta", "Add")):
        if name in found:
            y = w.node(operator, [y.name, w.along_channels(y, found[name])], y.shape)
    return y


def _layer_scale(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    (x,) = inputs
    return w.node("Mul", [x.name, w.along_channels(x, layer.get(("gamma",))["gamma"])], x.shape)


def _rescaling(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    (x,) = inputs
    y = w.node("Mul", [x.name, w.along_channels(x, layer.config["scale"])], x.shape)
    return w.node("Add", [y.name, w.along_channels(x, layer.config.get("offset", 0.0))], x.shape)


def _normalization(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    (x,) = inputs
    if layer.config.get("invert"):
        raise layer.refuse("a normalisation that is undone")
    given = {"mean": layer.config.get("mean"), "variance": layer.config.get("variance")}
    if given["mean"] is None:
        given = dict(layer.get(("mean", "variance")))
    deviation = np.maximum(np.sqrt(np.asarray(given["variance"], np.float32)), 1e-7)
    y = w.node("Sub", [x.name, w.along_channels(x, given["mean"])], x.shape)
    return w.node("Div", [y.name, w.along_channels(x, deviation)], x.shape)


def _activation(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    return activation_layer(w, layer, inputs[0])


_WRITERS: dict[str, _Write] = {
    **dict.fromkeys(("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"), _activation),
    **dict.fromkeys(("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"), merged),
    **dict.fromkeys(("AveragePooling2D", "MaxPooling2D"), pool),
    **dict.fromkeys(("GlobalAveragePooling2D", "GlobalMaxPooling2D"), global_pool),
    "BatchNormalization": _batch_norm,
    "Conv2D": _conv,
    "Cropping2D": cropped,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "Flatten": flattened,
    "LayerNormalization": _layer_norm,
    "LayerScale": _layer_scale,
    "Normalization": _normalization,
    "Permute": permuted,
    "Rescaling": _rescaling,
    "Reshape": reshaped,
    "Resizing": resized,
    "SeparableConv2D": _separable,
    "UpSampling2D": upsampled,
    "ZeroPadding2D": padded,
}
