"""A tiny ONNX network of someone's own, and its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CARD = """\
name = "tiny.test"
short_name = "tiny"
title = "Tiny"
paper = "none"
trained_on = "nothing"
parameters = 99

[licence]
spdx = "MIT"

[preprocess]
size_wh = [32, 32]
mode = "balance"
crop_share = 1.0
mean = [0.5, 0.5, 0.5]
std = [0.25, 0.25, 0.25]
pad_value = 128

[outputs]
embedding = 8

[onnx.outputs]
embedding = "features"
"""


def write_network(folder: Path, *, card: str = CARD, output: str = "features", flat: bool = False) -> tuple[Path, Path]:
    """One convolution, 3 to 8 channels, as `tiny.onnx`, and `tiny.toml`.

    With `flat` there is the output "flat" behind it, the largest value of each channel: no mean over places.
    """
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.random.default_rng(0).normal(size=(8, 3, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Relu", ["c"], [output])]
    shown = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 8, 30, 30])
    if flat:
        nodes += [helper.make_node("GlobalMaxPool", [output], ["top"]), helper.make_node("Flatten", ["top"], ["flat"])]
        shown = helper.make_tensor_value_info("flat", TensorProto.FLOAT, ["N", 8])
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 32, 32])],
        [shown],
        [numpy_helper.from_array(weights, "w")],
    )
    network, described = folder / "tiny.onnx", folder / "tiny.toml"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(network))
    described.write_text(card, encoding="utf-8")
    return network, described
