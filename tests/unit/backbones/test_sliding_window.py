from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiny_networks import network

from foveal.backbones.layers import read_layers
from foveal.backbones.onnx_graph import run_values
from foveal.types.layers import Window

sizes = st.integers(1, 17)
steps = st.integers(1, 4)


def _run(content: bytes, height: int, width: int) -> tuple[int, ...]:
    (out,) = run_values(content, ["out"], np.ones((1, 3, height, width), np.uint8))
    return out.shape[2:]


def _window(content: bytes) -> tuple[Window, tuple[int, ...], tuple[int, ...]]:
    (layer,) = read_layers(content, name="one").layers
    assert layer.window is not None
    assert layer.size_hw is not None
    return layer.window, layer.input_shape[1:], layer.size_hw


@settings(max_examples=60, deadline=None)
@given(
    hw=st.tuples(sizes, sizes),
    k=st.tuples(steps, steps),
    s=st.tuples(steps, steps),
    d=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pads=st.tuples(*[st.integers(0, 3)] * 4),
    auto_pad=st.sampled_from(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]),
)
def test_a_convolutions_size_is_what_the_runtime_gives(hw, k, s, d, pads, auto_pad) -> None:
    # ONNX Runtime refuses both at once.
    d = d if auto_pad in ("NOTSET", "VALID") else (1, 1)
    explicit = {"pads": list(pads)} if auto_pad == "NOTSET" else {"auto_pad": auto_pad}
    if auto_pad in ("NOTSET", "VALID"):
        room = [hw[a] - d[a] * (k[a] - 1) - 1 + (pads[a] + pads[a + 2] if explicit.get("pads") else 0) for a in (0, 1)]
        assume(min(room) >= 0)
    content = network(
        [("Conv", ["images", "w"], "out", {"strides": list(s), "dilations": list(d), **explicit})],
        {"w": np.ones((2, 3, *k), np.float32)},
        input_shape=("N", 3, *hw),
    )
    window, given_size, size = _window(content)
    assert window.output_size(given_size) == size == _run(content, *hw)
    formula = [(h - kd + p) // stride + 1 for h, kd, p, stride in zip(hw, window.reach, window.padding, s, strict=True)]
    assert tuple(formula) == size


@settings(max_examples=60, deadline=None)
@given(
    op=st.sampled_from(["MaxPool", "AveragePool"]),
    hw=st.tuples(st.integers(4, 17), st.integers(4, 17)),
    k=st.tuples(steps, steps),
    s=st.tuples(steps, steps),
    dilation=st.integers(1, 2),
    ceil_mode=st.integers(0, 1),
    data=st.data(),
)
def test_a_poolings_size_is_what_the_runtime_gives(op, hw, k, s, dilation, ceil_mode, data) -> None:
    # Padding of a whole kernel or more is refused: such a window would see nothing.
    pads = [data.draw(st.integers(0, size - 1)) for size in (*k, *k)]
    assume(all(hw[a] + pads[a] + pads[a + 2] >= dilation * (k[a] - 1) + 1 for a in (0, 1)))
    content = network(
        [
            (
                op,
                ["images"],
                "out",
                {
                    "kernel_shape": list(k),
                    "strides": list(s),
                    "pads": pads,
                    "dilations": [dilation] * 2,
                    "ceil_mode": ceil_mode,
                },
            )
        ],
        {},
        input_shape=("N", 3, *hw),
    )
    window, given_size, _ = _window(content)
    assert window.output_size(given_size) == _run(content, *hw)


@settings(max_examples=40, deadline=None)
@given(
    hw=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    k=st.tuples(steps, steps),
    s=st.tuples(steps, steps),
    d=st.integers(1, 2),
    form=st.sampled_from(["pads", "output_padding", "SAME_UPPER", "SAME_LOWER", "output_shape"]),
    data=st.data(),
)
def test_a_transposed_convolutions_size_is_what_the_runtime_gives(hw, k, s, d, form, data) -> None:
    extra = {}
    if form in ("pads", "output_padding"):
        extra["pads"] = [data.draw(st.integers(0, d * (size - 1))) for size in (*k, *k)]
    if form == "output_padding":
        extra["output_padding"] = [data.draw(st.integers(0, stride - 1)) for stride in s]
    if form.startswith("SAME"):
        extra["auto_pad"] = form
    full = [stride * (h - 1) + d * (size - 1) + 1 for h, size, stride in zip(hw, k, s, strict=True)]
    pads = extra.get("pads", [0] * 4)
    assume(all(full[axis] > pads[axis] + pads[axis + 2] for axis in (0, 1)))
    if form == "output_shape":
        # ONNX's inference leaves off axes for an output smaller than the input.
        assume(all(size >= h for size, h in zip(full, hw, strict=True)))
        extra["output_shape"] = [data.draw(st.integers(h, size)) for size, h in zip(full, hw, strict=True)]
    if form.startswith("SAME"):
        # Where kernels leave gaps there is nothing to cut off, and runtimes differ.
        assume(all(size >= h * stride for size, h, stride in zip(full, hw, s, strict=True)))
    content = network(
        [("ConvTranspose", ["images", "w"], "out", {"strides": list(s), "dilations": [d, d], **extra})],
        {"w": np.ones((3, 2, *k), np.float32)},
        input_shape=("N", 3, *hw),
    )
    window, given_size, _ = _window(content)
    assert window.output_size(given_size) == _run(content, *hw)


@pytest.mark.parametrize(
    ("auto_pad", "before", "after"), [("SAME_UPPER", (0, 2), (1, 2)), ("SAME_LOWER", (1, 2), (0, 2))]
)
def test_the_odd_padding_stands_where_the_network_says(auto_pad, before, after) -> None:
    content = network(
        [("Conv", ["images", "w"], "out", {"strides": [2, 1], "auto_pad": auto_pad})],
        {"w": np.ones((2, 3, 3, 5), np.float32)},
        input_shape=("N", 3, 32, 32),
    )
    window, _, size = _window(content)
    assert (window.before, window.after, size) == (before, after, (16, 32))
