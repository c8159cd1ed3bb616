"""The first layer's kernels: the little patterns of light and colour that a network looks for before all else."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.onnx_graph import OnnxGraph, attributes, dequantised
from foveal.errors import FovealError
from foveal.explainers.picture import figure, save
from foveal.types.text import printable

_COLUMNS = 8
_SCALED = ("Add", "Div", "Mul", "Sub")
_PASSED = ("Cast", "DequantizeLinear", "Identity", "QuantizeLinear", "Transpose")


def first_kernels(network: bytes, *, name: str = "network") -> NDArray[np.float32]:
    """The first convolution's kernels as they meet the photo itself.

    The network subtracts a mean and divides by a standard deviation before the convolution. Dividing by a deviation is
    part of what the kernel does to the pixels and is multiplied into it, each channel with its own; the mean shifts
    every answer alike and changes no pattern.

    Args:
        network: A serialised ONNX model that takes a photo in RGB.
        name: Of the network, for messages.

    Returns:
        float32 [n, h, w, 3], weights on pixels in 0..255, RGB.

    Raises:
        FovealError: `no-kernels`: the network does not begin with a convolution over the photo's colours.
    """
    graph = OnnxGraph(network, name=name)
    first = next((node for node in graph.nodes if node.op_type in ("Conv", "QLinearConv")), None)
    weights = None if first is None else _weights(graph, first)
    if first is None or weights is None or weights.ndim != 4 or weights.shape[1] != 3:
        got = "none" if weights is None else f"one of {weights.shape[1]} channels"
        raise _no_kernels(name, f"a first convolution over the three colours of the photo, got {got}")
    gain = _gain(graph, first.input[0], name)
    kernels: NDArray[np.float32] = (weights * gain[None, :, None, None]).astype(np.float32)
    return np.ascontiguousarray(kernels.transpose(0, 2, 3, 1))


def _weights(graph: OnnxGraph, node: Any) -> NDArray[Any] | None:
    if node.op_type == "Conv":
        return graph.constant(node.input[1])
    stored, scale, zero = (graph.constant(node.input[at]) for at in (3, 4, 5))
    return None if stored is None or scale is None else dequantised(stored, scale, zero, 0)


def _gain(graph: OnnxGraph, value: str, name: str) -> NDArray[np.float64]:
    """float64 [3]: what the network multiplies each channel by between the photo and a value."""
    gain = np.ones(3)
    while value != graph.input:
        node = graph.producer(value)
        if node is None or node.op_type not in (*_SCALED, *_PASSED, "BatchNormalization"):
            got = value if node is None else node.op_type
            raise _no_kernels(name, f"only arithmetic before the first convolution, got {got}")
        constants = [graph.constant(each) for each in node.input]
        # A quantised value stands for the float number that it was made of.
        at = next((at for at, stored in enumerate(constants) if stored is None), 0)
        value = node.input[at]
        if node.op_type in ("Mul", "Div"):
            factor = _per_channel(constants[1 - at], name)
            gain = gain * factor if node.op_type == "Mul" else gain / factor
        elif node.op_type == "Sub" and at == 1:
            gain = -gain
        elif node.op_type == "BatchNormalization":
            scale, variance = (_per_channel(constants[place], name) for place in (1, 4))
            gain = gain * scale / np.sqrt(variance + attributes(node).get("epsilon", 1e-5))
    return gain


def _per_channel(factor: NDArray[Any] | None, name: str) -> NDArray[np.float64]:
    if factor is None or factor.size not in (1, 3):
        raise _no_kernels(name, "one factor a colour before the first convolution, got another form")
    return np.broadcast_to(factor.astype(np.float64).reshape(-1), (3,))


def kernel_colours(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernels as pictures: grey is no weight, and each kernel's largest weight is as bright or dark as can be.

    Args:
        kernels: float32 [n, h, w, 3].

    Returns:
        float32 [n, h, w, 3] in 0..1, RGB.
    """
    largest = np.abs(kernels).max(axis=(1, 2, 3), keepdims=True)
    colours: NDArray[np.float32] = (0.5 + 0.5 * kernels / np.where(largest > 0, largest, 1)).astype(np.float32)
    return colours


def draw_kernels(kernels: NDArray[np.float32], path: Path, *, title: str) -> Path:
    """Write the kernels as a grid, strongest first; below each its number and its strength beside the strongest.

    Args:
        kernels: float32 [n, h, w, 3], see `first_kernels`.
        path: File to write; .png, .svg or .pdf.
        title: Line above the grid.

    Returns:
        The path written.

    Raises:
        FovealError: `bad-option`, `cannot-write`.
    """
    strength = np.linalg.norm(kernels.reshape(len(kernels), -1), axis=1)
    order = np.argsort(-strength, kind="stable")
    rows = math.ceil(len(kernels) / _COLUMNS)
    height = 1.05 * rows + 0.95
    with figure(8.4, height) as drawn:
        drawn.text(0.02, 1 - 0.22 / height, printable(title), va="center", fontsize=13, weight="bold")
        note = "grey: no weight; brighter or darker: light there speaks for or against, in its colour"
        drawn.text(0.02, 1 - 0.5 / height, note, va="center", color="#5b6775")
        grid = drawn.subplots(
            rows,
            _COLUMNS,
            squeeze=False,
            gridspec_kw={"left": 0.02, "right": 0.98, "top": 1 - 0.7 / height, "bottom": 0.3 / height, "hspace": 0.3},
        )
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, number, colours in zip(grid.flat, order, kernel_colours(kernels[order]), strict=False):
            axes.imshow(colours, interpolation="nearest")
            share = strength[number] / strength[order[0]] if strength[order[0]] else 0.0
            axes.set_title(f"{number}: {share:.0%}" if share >= 0.01 else f"{number}: < 1%", fontsize=8.5, y=-0.24)
        return save(drawn, path)


def _no_kernels(name: str, expected: str) -> FovealError:
    return FovealError(
        "no-kernels",
        f"{name}: expected {expected}",
        hint="`foveal describe` shows its layers; --features shows what later stages make of a photo",
    )
