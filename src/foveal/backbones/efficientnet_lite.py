"""Write EfficientNet-Lite as an ONNX graph from its published weights.

Architecture: Tan & Le, "EfficientNet" (arXiv:1905.11946), and the Lite variants of the TensorFlow TPU models (no
squeeze-and-excitation, ReLU6 instead of swish, first and last block not repeated). Batch norm is folded into the
convolutions and TensorFlow's "SAME" padding is written out, so the graph holds convolutions, clips and additions only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.graph import Graph
from foveal.imaging.preprocess import Preprocess

_BN_EPSILON = 1e-3

# (repeats, kernel, stride, expansion, output channels) of the B0 network, one row a stage.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

State = Mapping[str, NDArray[Any]]


def build(state: State, *, preprocess: Preprocess, depth: float) -> bytes:
    """Build the network.

    Args:
        state: Weights by name, as the `efficientnet_lite_pytorch` project stored them.
        preprocess: Gives the input size and the normalisation that the graph performs itself.
        depth: Depth multiplier of the variant (1.0, 1.1, 1.2); the width is read from the weights.

    Returns:
        A serialised ONNX model. Input `images`: uint8 [N, H, W, 3], RGB. Outputs: `embedding` float32 [N, D],
        `logits` float32 [N, 1000], `feature_map` float32 [N, D, h, w] and `tap_1` … `tap_7` float32 [N, C], the
        pooled output of each stage.
    """
    graph = Graph("efficientnet-lite", preprocess)
    x = _conv(graph, graph.normalised, state, "_conv_stem", "_bn0", stride=2, act=True)
    blocks = _block_rows(depth)
    for index, (stage, stride, is_last) in enumerate(blocks):
        x = _block(graph, x, state, f"_blocks.{index}", stride)
        if is_last:
            graph.output(f"tap_{stage}", graph.pool(x))
    x = _conv(graph, x, state, "_conv_head", "_bn1", stride=1, act=True)
    graph.output("feature_map", x)
    embedding = graph.output("embedding", graph.pool(x))
    graph.output("logits", graph.linear(embedding, state["_fc.weight"], state["_fc.bias"]))
    return graph.serialise()


def _block_rows(depth: float) -> Iterator[tuple[int, int, bool]]:
    """Yield (stage number from 1, stride, last of its stage) for every block."""
    for stage, (repeats, _kernel, stride, _expansion, _channels) in enumerate(_STAGES, start=1):
        scaled = repeats if stage in (1, len(_STAGES)) else math.ceil(repeats * depth)
        for repeat in range(scaled):
            yield stage, stride if repeat == 0 else 1, repeat == scaled - 1


def _block(graph: Graph, x: str, state: State, name: str, stride: int) -> str:
    """Inverted residual: 1x1 expand, depthwise, 1x1 project, and the shortcut where the shape allows."""
    y = x
    if f"{name}._expand_conv.weight" in state:
        y = _conv(graph, y, state, f"{name}._expand_conv", f"{name}._bn0", stride=1, act=True)
    y = _conv(graph, y, state, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, act=True)
    y = _conv(graph, y, state, f"{name}._project_conv", f"{name}._bn2", stride=1, act=False)
    return graph.add(x, y) if graph.shape(x) == graph.shape(y) else y


def _conv(graph: Graph, x: str, state: State, conv: str, norm: str, *, stride: int, act: bool) -> str:
    """Convolution with its batch norm folded in, computed in float64: W' = W·γ/√(σ²+ε), b' = β − μ·γ/√(σ²+ε)."""
    weight = state[f"{conv}.weight"].astype(np.float64)
    gain = state[f"{norm}.weight"].astype(np.float64) / np.sqrt(
        state[f"{norm}.running_var"].astype(np.float64) + _BN_EPSILON
    )
    bias = state[f"{norm}.bias"].astype(np.float64) - state[f"{norm}.running_mean"].astype(np.float64) * gain
    folded = (weight * gain[:, None, None, None]).astype(np.float32)
    y = graph.conv(x, folded, bias.astype(np.float32), stride=stride)
    return graph.relu6(y) if act else y
