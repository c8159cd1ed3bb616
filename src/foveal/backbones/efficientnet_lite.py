"""Write EfficientNet-Lite as an ONNX graph from its published weights.

Architecture: Tan & Le, "EfficientNet" (arXiv:1905.11946), and the Lite variants of the TensorFlow TPU models (no
squeeze-and-excitation, ReLU6 instead of swish, first and last block not repeated). Batch norm is folded into the
convolutions and TensorFlow's "SAME" padding is written out, so the graph holds convolutions, clips and additions only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.card import Card
from foveal.backbones.graph import Graph
from foveal.backbones.torch_file import read_state_dict
from foveal.errors import FovealError

_BN_EPSILON = 1e-3

# (repeats, stride) of each stage of the B0 network; kernels, expansions and widths are read from the weights.
_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))

State = Mapping[str, NDArray[Any]]


def build(source: Path, card: Card, *, classifier: bool) -> bytes:
    """Build the network.

    Args:
        source: State dict as the `efficientnet_lite_pytorch` project stored it.
        card: Gives the input size, the normalisation that the graph performs itself, and the depth multiplier; the
            width is read from the weights.
        classifier: Write the ImageNet layer too.

    Returns:
        A serialised ONNX model. Input `images`: uint8 [N, H, W, 3], RGB. Outputs: `embedding` float32 [N, D],
        `feature_map` float32 [N, D, h, w], `tap_1` … `tap_7` float32 [N, C], the pooled output of each stage, and with
        the classifier `logits` float32 [N, 1000].

    Raises:
        FovealError: `weights-unreadable`.
    """
    state = read_state_dict(source)
    try:
        return _graph(state, card, classifier).serialise()
    except Exception as error:  # KeyError for a missing layer; onnx has classes of its own for shapes that do not meet
        raise FovealError(
            "weights-unreadable",
            f"{source}: expected the layers of EfficientNet-Lite with depth {card.weights.depth}, got: {error!r}",
            hint=f"check [weights] in {card.origin}",
        ) from error


def _graph(state: State, card: Card, classifier: bool) -> Graph:
    graph = Graph("efficientnet-lite", card.preprocess)
    x = _conv(graph, graph.normalised, state, "_conv_stem", "_bn0", stride=2, act=True)
    for index, (stage, stride, is_last) in enumerate(_block_rows(card.weights.depth)):
        x = _block(graph, x, state, f"_blocks.{index}", stride)
        if is_last:
            graph.output(f"tap_{stage}", graph.pool(x))
    x = _conv(graph, x, state, "_conv_head", "_bn1", stride=1, act=True)
    graph.output("feature_map", x)
    embedding = graph.output("embedding", graph.pool(x))
    if classifier:
        graph.output("logits", graph.linear(embedding, state["_fc.weight"], state["_fc.bias"]))
    return graph


def _block_rows(depth: float) -> Iterator[tuple[int, int, bool]]:
    """Yield (stage number from 1, stride, last of its stage) for every block."""
    for stage, (repeats, stride) in enumerate(_STAGES, start=1):
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
