"""The end of a classifier taken apart: its last matrix, what that matrix sees, and the softmax behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.onnx_graph import OnnxGraph, attributes
from foveal.heads.linear import Array

# Operators that hand numbers on as they are, with axes of length 1 come or gone.
_PASSING = {"Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"}
_ENDS = {"Softmax": "softmax", "LogSoftmax": "", "Sigmoid": "sigmoid"}


@dataclass(frozen=True, eq=False)
class Tail:
    """How a network ends.

    Args:
        scores: Value that holds one number a class, before the activation.
        activation: "softmax", "sigmoid", or "" where the scores come out as they are.
        embedding: What the last matrix gets, one vector a photo; "" where the network does not end in one.
        weights: float32 [D, C], the last matrix; None without one.
        bias: float32 [C]; None without a matrix.
    """

    scores: str
    activation: str
    embedding: str = ""
    weights: Array | None = None
    bias: Array | None = None


def tail_of(graph: OnnxGraph, output: str, classes: int) -> Tail:
    """Take the end of a network apart.

    Args:
        graph: The network, for one photo.
        output: Its output with one column a class.
        classes: Number of columns.
    """
    value, activation = output, ""
    node = _maker(graph, value, classes)
    if node is not None and node.op_type in _ENDS and _along_classes(graph, node):
        value, activation = str(node.input[0]), _ENDS[node.op_type]
        node = _maker(graph, value, classes)
    scores = value
    bias = np.zeros(classes, np.float32)
    if node is not None and node.op_type == "Add":
        pair = _constant_of(graph, node)
        if pair is None or pair[1].size not in (1, classes):
            return Tail(scores, activation)
        value, bias = pair[0], bias + pair[1].astype(np.float32).ravel()
        node = _maker(graph, value, classes)
    found = _matrix(graph, node, classes)
    if found is None:
        return Tail(scores, activation)
    embedding, weights, own = found
    return Tail(scores, activation, embedding, weights, (bias + own).astype(np.float32))


def _maker(graph: OnnxGraph, value: str, classes: int) -> Any:
    """The node that really computes a value of so many numbers, behind those that rename it."""
    node = graph.producer(value)
    while node is not None and node.op_type in _PASSING and _numbers(graph, node.input[0]) == classes:
        node = graph.producer(node.input[0])
    return node


def _numbers(graph: OnnxGraph, value: str) -> int:
    return int(np.prod(graph.shape(value))) if graph.rank(value) else -1


def _along_classes(graph: OnnxGraph, node: Any) -> bool:
    """Whether a softmax runs over the classes and nothing else; a sigmoid runs over nothing."""
    if node.op_type == "Sigmoid":
        return True
    shape = graph.shape(node.input[0])
    axis = attributes(node).get("axis", -1) % max(len(shape), 1)
    return bool(shape[axis] == int(np.prod(shape)))


def _constant_of(graph: OnnxGraph, node: Any) -> tuple[str, NDArray[Any]] | None:
    """The input of a node that depends on the photo, and the other, which is a constant."""
    for this, other in ((0, 1), (1, 0)):
        constant = graph.constant(node.input[other])
        if constant is not None:
            return str(node.input[this]), constant
    return None


def _matrix(graph: OnnxGraph, node: Any, classes: int) -> tuple[str, Array, Array] | None:
    """(value, weights [D, C], bias [C]) of a node that is a matrix applied to one vector."""
    if node is None or node.op_type not in ("Gemm", "MatMul", "Conv"):
        return None
    stored = graph.constant(node.input[1])
    if stored is None or (node.op_type == "Conv" and not _point_by_point(graph, node, stored)):
        return None
    given = attributes(node)
    weights = stored.astype(np.float32)
    if node.op_type == "Conv":
        weights = weights.reshape(len(weights), -1).T
    elif given.get("transB", 0):
        weights = weights.T
    bias = np.zeros(classes, np.float32)
    if len(node.input) > 2 and node.input[2]:
        kept = graph.constant(node.input[2])
        if kept is None:
            return None
        bias = bias + kept.astype(np.float32).ravel() * np.float32(given.get("beta", 1.0))
    weights = np.ascontiguousarray(weights * np.float32(given.get("alpha", 1.0)))
    value = str(node.input[0])
    fits = weights.ndim == 2 and weights.shape[1] == classes and _numbers(graph, value) == len(weights)
    if not fits or given.get("transA", 0):
        return None
    return value, weights, bias


def _point_by_point(graph: OnnxGraph, node: Any, weights: NDArray[Any]) -> bool:
    """Whether a convolution sees one place only, as behind a pooling over everything."""
    sizes = {*weights.shape[2:], *graph.shape(node.input[0])[2:]}
    return sizes == {1} and attributes(node).get("group", 1) == 1
