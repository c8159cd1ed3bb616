"""The layers of Keras image classifiers without weights: pooling, padding, merging, other shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foveal.adopting.keras_writer import Layer, Value, Writer
from foveal.backbones.graph import same_padding

_MERGES = {
    "Add": "Add",
    "Average": "Mean",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "Subtract": "Sub",
}
# Where the axes of Keras' [N, H, W, C] lie in [N, C, H, W].
_PLACES = {0: 0, 1: 2, 2: 3, 3: 1}


def pool(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """Largest or mean value in windows; zeros of padding do not count for the mean."""
    (x,) = inputs
    sizes = _pair(layer.config.get("pool_size", 2))
    strides = _pair(layer.config.get("strides") or sizes)
    pads = [(0, 0), (0, 0)]
    if layer.config.get("padding", "valid") == "same":
        pads = [same_padding(*each) for each in zip(x.shape[:2], sizes, strides, strict=True)]
    found = [
        (side + sum(pad) - size) // stride + 1
        for side, pad, size, stride in zip(x.shape[:2], pads, sizes, strides, strict=True)
    ]
    operator = "MaxPool" if layer.kind == "MaxPooling2D" else "AveragePool"
    return w.node(
        operator,
        [x.name],
        (*found, x.shape[2]),
        kernel_shape=list(sizes),
        strides=list(strides),
        pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
    )


def global_pool(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """Mean or largest value of each channel."""
    (x,) = inputs
    operator = "GlobalAveragePool" if layer.kind == "GlobalAveragePooling2D" else "GlobalMaxPool"
    pooled = w.node(operator, [x.name], (1, 1, x.shape[2]))
    return pooled if layer.config.get("keepdims") else w.node("Flatten", [pooled.name], (x.shape[2],), axis=1)


def merged(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """Several values made one."""
    if layer.kind == "Concatenate":
        return _joined(w, layer, inputs)
    if len({len(each.shape) for each in inputs}) != 1 or len(inputs) < 2:
        raise layer.refuse(f"{layer.kind} of values of different kinds")
    shape = np.broadcast_shapes(*(each.shape for each in inputs))
    names = [each.name for each in inputs]
    operator = _MERGES[layer.kind]
    if operator in ("Mean", "Max", "Min"):
        return w.node(operator, names, shape)
    y = names[0]
    for other in names[1:]:
        y = w.node(operator, [y, other], shape).name
    return Value(y, tuple(shape))


def _joined(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    rank = len(inputs[0].shape) + 1
    axis = int(layer.config.get("axis", -1)) % rank
    if axis == 0 or {len(each.shape) for each in inputs} != {rank - 1}:
        raise layer.refuse(f"Concatenate along axis {axis}")
    shape = list(inputs[0].shape)
    shape[axis - 1] = sum(each.shape[axis - 1] for each in inputs)
    place = _PLACES[axis] if inputs[0].is_map else axis
    return w.node("Concat", [each.name for each in inputs], shape, axis=place)


def flattened(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """All numbers in one row, in the order of Keras: place by place, its channels together."""
    (x,) = inputs
    return w.node("Flatten", [_in_order(w, x)], (math.prod(x.shape),), axis=1)


def reshaped(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """The same numbers in another shape."""
    (x,) = inputs
    wanted = [int(each) for each in layer.config["target_shape"]]
    if -1 in wanted:
        wanted[wanted.index(-1)] = math.prod(x.shape) // -math.prod(wanted)
    if math.prod(wanted) != math.prod(x.shape):
        raise ValueError(f"{layer.name}: {x.shape} cannot become {wanted}")
    shape = w.weight([0, *wanted], np.int64)
    return w.of_order(w.node("Reshape", [_in_order(w, x), shape], wanted).name, wanted)


def _in_order(w: Writer, x: Value) -> str:
    """Name of a value whose numbers lie in Keras' order; of a single place they do already."""
    return x.name if x.shape[:2] == (1, 1) else w.turned_back(x)


def permuted(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """The axes in another order."""
    (x,) = inputs
    order = [int(each) for each in layer.config["dims"]]
    shape = [x.shape[each - 1] for each in order]
    return w.of_order(w.node("Transpose", [w.turned_back(x)], shape, perm=[0, *order]).name, shape)


def padded(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """Zeros around the map."""
    (x,) = inputs
    (top, bottom), (left, right) = _margins(layer.config["padding"])
    pads = w.weight([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return w.node("Pad", [x.name, pads], (x.shape[0] + top + bottom, x.shape[1] + left + right, x.shape[2]))


def cropped(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """The map without its margins."""
    (x,) = inputs
    (top, bottom), (left, right) = _margins(layer.config["cropping"])
    height, width = x.shape[0] - top - bottom, x.shape[1] - left - right
    numbers = [w.weight(each, np.int64) for each in ([top, left], [top + height, left + width], [2, 3])]
    return w.node("Slice", [x.name, *numbers], (height, width, x.shape[2]))


def upsampled(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """The map made larger by whole factors."""
    (x,) = inputs
    factors = _pair(layer.config.get("size", 2))
    sizes = (x.shape[0] * factors[0], x.shape[1] * factors[1])
    return _resized(w, layer, x, sizes, str(layer.config.get("interpolation", "nearest")))


def resized(w: Writer, layer: Layer, inputs: list[Value]) -> Value:
    """The map in another size."""
    (x,) = inputs
    sizes = (int(layer.config["height"]), int(layer.config["width"]))
    if sizes == x.shape[:2]:
        return x
    if any(layer.config.get(name) for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")):
        raise layer.refuse("a Resizing that keeps the aspect")
    return _resized(w, layer, x, sizes, str(layer.config.get("interpolation", "bilinear")))


def _resized(w: Writer, layer: Layer, x: Value, sizes: tuple[int, int], interpolation: str) -> Value:
    if interpolation not in ("nearest", "bilinear"):
        raise layer.refuse(f"the interpolation {interpolation!r}")
    nearest = interpolation == "nearest"
    scales = w.weight([1, 1, sizes[0] / x.shape[0], sizes[1] / x.shape[1]])
    return w.node(
        "Resize",
        [x.name, "", scales],
        (*sizes, x.shape[2]),
        mode="nearest" if nearest else "linear",
        coordinate_transformation_mode="half_pixel",
        nearest_mode="round_prefer_floor",
    )


def _pair(value: Any) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else value
    return int(first), int(second)


def _margins(value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)) from one number, two, or all four."""
    rows, columns = _pair(value) if isinstance(value, int) else value
    spread = [_pair(each) for each in (rows, columns)]
    return spread[0], spread[1]
